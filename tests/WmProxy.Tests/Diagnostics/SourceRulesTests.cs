using System;
using System.IO;
using System.Linq;

namespace WmProxy.Tests.Diagnostics;

public sealed class SourceRulesTests
{
    [Fact]
    public void Source_HasNoWhenAny_ThatLeavesTheOthersBehind()
    {
        var files = SourceFiles.All()
            .Where(file => File.ReadAllText(file).Contains("Task.WhenAny", StringComparison.Ordinal))
            .Select(Path.GetFileName);

        // The race of addresses (RFC 8305) awaits and closes every loser before it returns.
        Assert.Equal(["AddressRace.cs"], files);
    }
}
