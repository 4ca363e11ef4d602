using System;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.ForwardProxy;

/// <summary>curl's idea of SOCKS.</summary>
public sealed class SocksCurlTests
{
    // CURLE_PROXY: the handshake with the proxy failed.
    private const int ProxyFailed = 97;

    [Theory]
    [InlineData("--socks4", "127.0.0.1")]
    [InlineData("--socks4", "localhost")]
    [InlineData("--socks4a", "localhost")]
    [InlineData("--socks5", "localhost")]
    [InlineData("--socks5", "127.0.0.1")]
    [InlineData("--socks5-hostname", "localhost")]
    [InlineData("--socks5-hostname", "127.0.0.1")]
    public async Task Get_WithoutUsers_Works(string option, string host)
    {
        await using var server = CreateServer();
        await using var proxy = await StartAsync(""" "Protocols": [ "Socks4", "Socks5" ] """);

        var result = await RunAsync("-4", option, proxy.Authority("127.0.0.2"), $"http://{host}:{server.Port}/");

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal("ok", result.Output);
    }

    [Fact]
    public async Task Get_WithThePassword_Works()
    {
        await using var server = CreateServer();
        await using var proxy = await StartAsync(""" "Users": { "alice": { "Password": "s3:cret" } } """);

        var result = await RunAsync("--proxy-user", "alice:s3:cret", "--socks5-hostname", proxy.Authority("127.0.0.2"), $"http://127.0.0.1:{server.Port}/");

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal("ok", result.Output);
    }

    [Theory]
    [InlineData("alice:wrong")]
    [InlineData(null)]
    public async Task Get_WithoutThePassword_FailsAtTheProxy(string? login)
    {
        await using var server = CreateServer();
        await using var proxy = await StartAsync(""" "Users": { "alice": { "Password": "secret" } } """);

        var result = await RunAsync([.. login is null ? Array.Empty<string>() : ["--proxy-user", login], "--socks5", proxy.Authority("127.0.0.2"), $"http://127.0.0.1:{server.Port}/"]);

        Assert.True(result.ExitCode == ProxyFailed, result.ToString());
        Assert.Equal(0, server.AcceptedCount);
    }

    [Theory]
    [InlineData("--socks4", "91")]
    [InlineData("--socks5", "(5)")]
    public async Task Get_WhereNobodyListens_IsToldWhy(string option, string reason)
    {
        await using var proxy = await StartAsync(""" "Protocols": [ "Socks4", "Socks5" ] """);

        var result = await RunAsync(option, proxy.Authority("127.0.0.2"), "http://127.0.0.1:1/");

        Assert.True(result.ExitCode == ProxyFailed && result.Error.Contains(reason, StringComparison.Ordinal), result.ToString());
    }

    private static ScriptedPeer CreateServer() =>
        new(script => script.ReadUntil("\r\n\r\n").Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"));

    private static Task<WmProxyProcess> StartAsync(string keys) =>
        WmProxyProcess.StartAsync($$"""{ "WmProxy": { "ForwardProxies": { "p": { "Listen": "tcp://127.0.0.2:0", {{keys}} } } } }""");

    private static Task<ToolResult> RunAsync(params string[] arguments) =>
        ExternalTool.Require("curl", "curl").RunAsync(["-q", "-sS", "--max-time", "25", .. arguments]);
}
