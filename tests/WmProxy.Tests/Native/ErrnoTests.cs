using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using WmProxy.Native;

namespace WmProxy.Tests.Native;

public sealed partial class ErrnoTests
{
    [Theory]
    [InlineData(4, SocketError.Interrupted)]
    [InlineData(11, SocketError.WouldBlock)]
    [InlineData(24, SocketError.TooManyOpenSockets)]
    [InlineData(32, SocketError.Shutdown)]
    [InlineData(99, SocketError.AddressNotAvailable)]
    [InlineData(101, SocketError.NetworkUnreachable)]
    [InlineData(104, SocketError.ConnectionReset)]
    [InlineData(110, SocketError.TimedOut)]
    [InlineData(111, SocketError.ConnectionRefused)]
    [InlineData(113, SocketError.HostUnreachable)]
    [InlineData(9999, SocketError.SocketError)]
    public void ToSocketError_Errno_IsWhatDotNetWouldThrow(int errno, SocketError expected)
    {
        Assert.Equal(expected, Errno.ToSocketError(errno));
        Assert.Equal(expected, Errno.ToException(errno).SocketErrorCode);
    }

    /// <summary>The numbers against the names that stand beside them, as the headers of x86-64, arm64 and most others have them.</summary>
    [Theory]
    [InlineData("src/WmProxy/Native/Errno.cs")]
    [InlineData("src/WmProxy/Native/LinuxFileCalls.cs")]
    public void Source_Numbers_AreTheKernels(string path)
    {
        var headers = new[] { "/usr/include/asm-generic/errno-base.h", "/usr/include/asm-generic/errno.h" };
        Assert.SkipUnless(headers.All(File.Exists), "The kernel's headers are not installed.");
        var numbers = headers.SelectMany(File.ReadLines).Select(line => Definition().Match(line)).Where(match => match.Success)
            .ToDictionary(match => match.Groups["name"].Value, match => int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture));

        var checkedNames = 0;
        foreach (var line in File.ReadLines(Path.Combine(SourceFiles.Root, path)).Where(line => line.Contains("// E", StringComparison.Ordinal)))
        {
            var code = line[..line.IndexOf("//", StringComparison.Ordinal)];
            var named = Name().Matches(line[code.Length..]).Select(match => match.Value).ToList();
            var used = Number().Matches(code).Select(match => int.Parse(match.Value, CultureInfo.InvariantCulture)).ToList();
            Assert.Equal(named.Select(name => numbers[name]).Order(), used.Order());
            checkedNames += named.Count;
        }

        Assert.InRange(checkedNames, 5, 100);
    }

    [GeneratedRegex(@"^#define\s+(?<name>E\w+)\s+(?<number>\d+)\b")]
    private static partial Regex Definition();

    [GeneratedRegex(@"\bE[A-Z]{2,}\b")]
    private static partial Regex Name();

    [GeneratedRegex(@"(?<![\w.])\d+\b")]
    private static partial Regex Number();
}
