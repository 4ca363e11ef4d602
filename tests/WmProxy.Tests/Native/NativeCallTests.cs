using System;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;

namespace WmProxy.Tests.Native;

/// <summary>Calls into the system are few, in one room, and each says where it is described.</summary>
public sealed partial class NativeCallTests
{
    [Fact]
    public void Source_PlatformInvoke_IsInOneRoomOnly()
    {
        var elsewhere = SourceFiles.All()
            .Where(file => !file.Contains($"src{Path.DirectorySeparatorChar}WmProxy{Path.DirectorySeparatorChar}Native{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Where(file => File.ReadAllText(file) is var text && (text.Contains("LibraryImport", StringComparison.Ordinal) || text.Contains("DllImport", StringComparison.Ordinal)));

        Assert.Empty(elsewhere);
    }

    [Fact]
    public void Source_EveryCall_NamesItsManualPage()
    {
        var calls = 0;
        foreach (var file in SourceFiles.All())
        {
            var text = File.ReadAllText(file);
            foreach (var name in Import().Matches(text).Select(match => match.Groups["entry"] is { Success: true } entry ? entry.Value : match.Groups["name"].Value))
            {
                calls++;
                Assert.True(text.Contains($"{name}(2)", StringComparison.Ordinal), $"{Path.GetFileName(file)} does not say where {name} is described.");
            }
        }

        Assert.InRange(calls, 20, 200);
    }

    /// <summary>Whatever can fail tells why: an errno that nobody asks the runtime to keep may be another's by the time it is looked at.</summary>
    [Fact]
    public void Source_EveryCall_KeepsItsError()
    {
        var withoutError = SourceFiles.All().SelectMany(file => Import().Matches(File.ReadAllText(file)))
            .Where(match => !match.Value.Contains("SetLastError = true", StringComparison.Ordinal))
            .Select(match => match.Groups["entry"].Value);

        // Whose failure means the same whatever the reason.
        Assert.Equal(["getrlimit", "setrlimit"], withoutError.Order());
    }

    [GeneratedRegex("""\[LibraryImport\("libc"(, EntryPoint = "(?<entry>\w+)")?[^\]]*\]\s+(private|public) static (unsafe )?partial \w+ (?<name>\w+)\(""")]
    private static partial Regex Import();
}
