using System;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;

namespace WmProxy.Tests.Diagnostics;

public sealed class SourceRulesTests
{
    [Fact]
    public void Source_HasNoWhenAny_ThatLeavesTheOthersBehind()
    {
        var source = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../src"));
        var files = Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Where(file => File.ReadAllText(file).Contains("Task.WhenAny", StringComparison.Ordinal))
            .Select(Path.GetFileName);

        // The race of addresses (RFC 8305) awaits and closes every loser before it returns.
        Assert.Equal(["AddressRace.cs"], files);
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
