using System;
using System.IO;
using System.Linq;
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

    public static TheoryData<string> Samples => [.. new[] { TestBuild.RepositoryRoot }
        .Concat(Directory.Exists(Path.Combine(TestBuild.RepositoryRoot, "samples"))
            ? Directory.GetDirectories(Path.Combine(TestBuild.RepositoryRoot, "samples"), "*", SearchOption.AllDirectories)
            : [])
        .Where(folder => !folder.Contains("/bin/", StringComparison.Ordinal) && !folder.Contains("/obj/", StringComparison.Ordinal))
        .Select(folder => Path.Combine(folder, "appsettings.json"))
        .Where(File.Exists)
        .Select(path => Path.GetRelativePath(TestBuild.RepositoryRoot, path))];

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task Check_ShippedFile_ExitsWithZero(string path)
    {
        using var folder = new TempDirectory();

        var result = await WmProxyProcess.RunAsync(folder, "check", "-c", Path.Combine(TestBuild.RepositoryRoot, path));

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.StartsWith("OK ", result.Output, StringComparison.Ordinal);
    }

    // What people really write, and what they are to read about it: the key, and the word that helps.
    [Theory]
    [InlineData("""{ "WmProxy": { "Stream": {} } }""", "WmProxy:Stream", "Streams")]
    [InlineData("""{ "WmProxy": { "Streams": { "a": { "Listen": "tcp://*:99999", "To": "tcp://10.0.0.1:1" } } } }""", "WmProxy:Streams:a:Listen", "99999")]
    [InlineData("""{ "WmProxy": { "Streams": { "a": { "Listen": "tpc://*:9000", "To": "tcp://10.0.0.1:1" } } } }""", "WmProxy:Streams:a:Listen", "tcp")]
    [InlineData("""{ "WmProxy": { "Streams": { "a": { "Listen": "tcp://*:9000" } } } }""", "WmProxy:Streams:a:ClusterId", "To")]
    [InlineData("""{ "WmProxy": { "Streams": { "a": { "To": "tcp://10.0.0.1:1" } } } }""", "WmProxy:Streams:a:Listen", "tcp://")]
    [InlineData("""{ "WmProxy": { "Streams": { "a": { "Listen": "tcp://*:9000", "To": "10.0.0.1" } } } }""", "WmProxy:Streams:a:To", "10.0.0.1")]
    [InlineData("""{ "WmProxy": { "Streams": { "a": { "Listen": "tcp://*:9000", "To": "tcp://10.0.0.1:1", "IdleTimeout": 30 } } } }""", "WmProxy:Streams:a:IdleTimeout", "30s")]
    [InlineData("""{ "WmProxy": { "Streams": { "a": { "Listen": "tcp://*:9000", "To": "tcp://10.0.0.1:1", "MaxConnections": "many" } } } }""", "WmProxy:Streams:a:MaxConnections", "many")]
    [InlineData("""{ "WmProxy": { "Streams": { "a": { "Listen": "tcp://*:9000", "To": "tcp://10.0.0.1:1", "Access": { "Allow": [ "10.0.0.0/33" ] } } } } }""", "WmProxy:Streams:a:Access:Allow:0", "10.0.0.0/33")]
    [InlineData("""{ "WmProxy": { "Streams": { "a": { "Listen": "tcp://*:9000", "To": "tcp://10.0.0.1:1" }, "b": { "Listen": "tcp://*:9000", "To": "tcp://10.0.0.1:2" } } } }""", "WmProxy:Streams:b:Listen", "9000")]
    [InlineData("""{ "WmProxy": { "Streams": { "a": { "Listen": "tls://*:9000", "To": "tcp://10.0.0.1:1" } } } }""", "WmProxy:Streams:a:Tls", "tls://")]
    [InlineData("""{ "WmProxy": { "Streams": { "a": { "Listen": "tls://*:9000", "To": "tcp://10.0.0.1:1", "Tls": { "Certificate": { "Path": "no.pem" } } } } } }""", "WmProxy:Streams:a:Tls:Certificate:Path", "no.pem")]
    [InlineData("""{ "WmProxy": { "Streams": { "a": { "Listen": "tcp://*:9000", "ClusterId": "databse" } } }, "ReverseProxy": { "Clusters": { "database": { "Destinations": { "1": { "Address": "tcp://10.0.0.1:1" } } } } } }""", "WmProxy:Streams:a:ClusterId", "database")]
    [InlineData("""{ "Kestrel": { "Endpoints": { "web": { "Url": "http://*:8080" } } }, "ReverseProxy": { "Routes": { "r": { "ClusterId": "c", "Macth": { "Path": "/" } } }, "Clusters": { "c": { "Destinations": { "1": { "Address": "http://10.0.0.1" } } } } } }""", "ReverseProxy:Routes:r:Macth", "Match")]
    [InlineData("""{ "Kestrel": { "Endpoints": { "web": { "Url": "http://*:8080" } } }, "ReverseProxy": { "Routes": { "r": { "ClusterId": "gone", "Match": { "Path": "/" } } } } }""", "ReverseProxy:Routes:r:ClusterId", "gone")]
    [InlineData("""{ "Kestrel": { "Endpoints": { "web": { "Url": "http://*:8080" } } }, "WmProxy": { "StaticFiles": { "s": { "Match": { "Path": "/{**path}" }, "Root": "nowhere" } } } }""", "WmProxy:StaticFiles:s:Root", "nowhere")]
    [InlineData("""{ "Kestrel": { "Endpoints": { "web": { "Url": "http://*:9000" } } }, "WmProxy": { "Streams": { "a": { "Listen": "tcp://*:9000", "To": "tcp://10.0.0.1:1" } } } }""", "WmProxy:Streams:a:Listen", "Kestrel:Endpoints:web")]
    [InlineData("""{ "Kestrel": { "Endpoints": { "web": { "Url": "http://*:8080" } } }, "Serilog": { "MinimumLevel": "Loud" }, "WmProxy": { "StaticResponses": { "ok": { "Match": { "Path": "/" } } } } }""", "Serilog", "Loud")]
    [InlineData("""{ "WmProxy": { "Streams": {} } }""", "WmProxy:Streams", "listens on no")]
    public async Task Check_TypicalMistake_NamesTheKeyAndWhatHelps(string config, string key, string word)
    {
        using var folder = new TempDirectory();
        folder.Write("appsettings.json", config);

        var result = await WmProxyProcess.RunAsync(folder, "check");

        Assert.Equal(1, result.ExitCode);
        var lines = result.Error.TrimEnd().Split('\n');
        Assert.StartsWith($"  {key}: ", lines[1], StringComparison.Ordinal);
        Assert.Contains(word, lines[1][lines[1].IndexOf(": ", StringComparison.Ordinal)..], StringComparison.Ordinal);

        // What follows from it may be told too, but nothing twice.
        Assert.Single(lines, line => line.StartsWith($"  {key}: ", StringComparison.Ordinal));
        AssertReadable(result.Output + result.Error);
    }

    [Theory]
    [InlineData("{\n  \"WmProxy\": {\n    \"Streams\": }\n}", "line 3, column 16")]
    [InlineData("{\n  \"WmProxy\": { \"Streams\": 1 \"x\" }\n}", "line 2, column 29")]
    public async Task Check_BrokenJson_NamesLineAndColumn(string text, string position)
    {
        using var folder = new TempDirectory();
        folder.Write("appsettings.json", text);

        var result = await WmProxyProcess.RunAsync(folder, "check");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"appsettings.json: {position}: ", result.Error, StringComparison.Ordinal);
        AssertReadable(result.Output + result.Error);
    }

    [Fact]
    public async Task Run_UnknownOption_FailsAndNamesIt()
    {
        using var folder = new TempDirectory();

        var result = await WmProxyProcess.RunAsync(folder, "run", "--confg", "x.json");

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("--confg", result.Output + result.Error, StringComparison.Ordinal);
        AssertReadable(result.Output + result.Error);
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
