using System;
using System.Globalization;
using System.IO;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Streams;

/// <summary>Calls, in which either side speaks more than once, and a pause lies between.</summary>
public sealed class SipTests
{
    private const int Calls = 300;

    [Theory]
    [InlineData("Linux", "u1")]
    [InlineData("Linux", "un")]
    [InlineData("Portable", "u1")]
    [InlineData("Portable", "un")]
    public async Task Stream_SippFromOnePortOrOneForEachCall_EveryCallSucceeds(string engine, string transport)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The Linux engine, and /proc to see when the server listens.");
        var sipp = ExternalTool.Require("sipp", "sip-tester");
        using var folder = new TempDirectory();
        var port = FreePort.NextUdp();
        string[] common = ["-i", "127.0.0.1", "-nostdin", "-max_socket", "2000"];
        await using var callee = ToolProcess.Start(sipp.Path, ["-sn", "uas", "-p", Text(port), .. common], folder.Path);
        await Deadline.PollAsync(() => Task.FromResult(IsBound(port)));
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "WmProxy": {
                "Engine": "{{engine}}",
                "Streams": { "sip": { "Listen": "udp://127.0.0.2:0", "To": "udp://127.0.0.1:{{port}}" } }
              }
            }
            """);

        var caller = await sipp.RunAsync(
            [
                "-sn", "uac", proxy.Authority("127.0.0.2"), "-t", transport, "-m", Text(Calls), "-r", "200", "-d", "300",
                "-p", Text(FreePort.NextUdp()), "-trace_err", "-error_file", folder.Combine("errors"), .. common,
            ],
            workingDirectory: folder.Path);

        // 0: every call went as its scenario says.
        Assert.True(caller.ExitCode == 0, caller.ToString());
        Assert.Matches($@"Successful call +\| +\d+ +\| +{Calls} ", caller.Output);
        Assert.Matches(@"Failed call +\| +\d+ +\| +0 ", caller.Output);
    }

    private static bool IsBound(int port)
    {
        var local = string.Create(CultureInfo.InvariantCulture, $" 0100007F:{port:X4} ");
        return File.ReadAllText("/proc/net/udp").Contains(local, StringComparison.Ordinal);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
