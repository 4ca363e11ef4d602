using System;
using System.Net;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Program;

public sealed class CommandLineTests
{
    [Fact]
    public async Task Check_GoodFile_ExitsWithZero()
    {
        using var folder = new TempDirectory();
        var path = folder.Write("good.json", """
            { "WmProxy": { "Streams": { "pg": { "Listen": "tcp://127.0.0.1:6432", "To": "tcp://127.0.0.1:5432" } } } }
            """);

        var result = await WmProxyProcess.RunAsync(folder, "check", "-c", path);

        Assert.True(result.ExitCode == 0, result.ToString());
    }

    [Fact]
    public async Task Check_BadFile_PrintsEveryErrorWithItsKeyAndExitsWithOne()
    {
        using var folder = new TempDirectory();
        var path = folder.Write("bad.json", """
            {
              "WmProxy": {
                "Streams": {
                  "typo": { "Lisen": "tcp://127.0.0.1:6432", "To": "tcp://127.0.0.1:5432" },
                  "dangling": { "Listen": "tcp://127.0.0.1:6433", "ClusterId": "nowhere" },
                  "type": { "Listen": "tcp://127.0.0.1:6434", "To": "tcp://127.0.0.1:5432", "ConnectTimeout": "soon" }
                }
              }
            }
            """);

        var result = await WmProxyProcess.RunAsync(folder, "check", "-c", path);
        var printed = result.Output + result.Error;

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("WmProxy:Streams:typo:Lisen", printed, StringComparison.Ordinal);
        Assert.Contains("Listen", printed.Replace("Lisen", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("WmProxy:Streams:dangling:ClusterId", printed, StringComparison.Ordinal);
        Assert.Contains("nowhere", printed, StringComparison.Ordinal);
        Assert.Contains("WmProxy:Streams:type:ConnectTimeout", printed, StringComparison.Ordinal);
        Assert.Contains("soon", printed, StringComparison.Ordinal);
        AssertReadable(printed);
    }

    [Theory]
    [InlineData("{ \"WmProxy\": ")]
    [InlineData("")]
    public async Task Check_BrokenJson_ExitsWithOneAndNamesTheFile(string text)
    {
        using var folder = new TempDirectory();
        var path = folder.Write("broken.json", text);

        var result = await WmProxyProcess.RunAsync(folder, "check", "-c", path);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("broken.json", result.Output + result.Error, StringComparison.Ordinal);
        AssertReadable(result.Output + result.Error);
    }

    [Fact]
    public async Task Run_BadFile_ExitsWithOneAndListensNowhere()
    {
        using var folder = new TempDirectory();
        var port = FreePort.Next();
        var path = folder.Write("bad.json", $$"""
            {
              "WmProxy": {
                "Streams": {
                  "good": { "Listen": "tcp://127.0.0.1:{{port}}", "To": "tcp://127.0.0.1:5432" },
                  "bad": { "Listen": "tcp://127.0.0.1:{{FreePort.Next()}}", "ClusterId": "nowhere" }
                }
              }
            }
            """);

        var result = await WmProxyProcess.RunAsync(folder, "run", "-c", path);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("WmProxy:Streams:bad:ClusterId", result.Output + result.Error, StringComparison.Ordinal);
        AssertReadable(result.Output + result.Error);
    }

    [Fact]
    public async Task Run_FileMissing_ExitsWithOneAndNamesIt()
    {
        using var folder = new TempDirectory();

        var result = await WmProxyProcess.RunAsync(folder, "run", "-c", folder.Combine("missing.json"));

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("missing.json", result.Output + result.Error, StringComparison.Ordinal);
        AssertReadable(result.Output + result.Error);
    }

    [Theory]
    [InlineData("""{ "WmProxy": { "Streams": { "taken": { "Listen": "tcp://127.0.0.1:PORT", "To": "tcp://127.0.0.1:5432" } } } }""")]
    [InlineData("""{ "Kestrel": { "Endpoints": { "taken": { "Url": "http://127.0.0.1:PORT" } } }, "WmProxy": { "StaticResponses": { "ok": { "Match": { "Path": "/" } } } } }""")]
    public async Task Run_PortInUse_ExitsWithOneAndNamesAddressAndOwner(string config)
    {
        await using var owner = new EchoServer();
        using var folder = new TempDirectory();
        var path = folder.Write("taken.json", config.Replace("PORT", ((IPEndPoint)owner.EndPoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal));

        var result = await WmProxyProcess.RunAsync(folder, "run", "-c", path);
        var printed = result.Output + result.Error;

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(owner.EndPoint.ToString()!, printed, StringComparison.Ordinal);
        if (OperatingSystem.IsLinux() && config.Contains("Streams", StringComparison.Ordinal))
        {
            // This very process is the owner.
            Assert.Contains(Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture), printed, StringComparison.Ordinal);
        }

        AssertReadable(printed);
    }

    [Fact]
    public async Task Version_PrintsItAndExitsWithZero()
    {
        using var folder = new TempDirectory();

        var result = await WmProxyProcess.RunAsync(folder, "version");

        Assert.Equal(0, result.ExitCode);
        Assert.Matches(@"\d+\.\d+\.\d+", result.Output);
    }

    [Fact]
    public async Task Run_UnknownCommand_FailsWithUsage()
    {
        using var folder = new TempDirectory();

        var result = await WmProxyProcess.RunAsync(folder, "frobnicate");

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("frobnicate", result.Output + result.Error, StringComparison.Ordinal);
    }

    // A message for people, not a stack trace.
    private static void AssertReadable(string printed)
    {
        Assert.DoesNotContain("   at ", printed, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled exception", printed, StringComparison.OrdinalIgnoreCase);
    }
}
