using System;
using System.Linq;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;
using static WmProxy.EndToEndTests.ForwardProxy.ForwardProxyFixture;

namespace WmProxy.EndToEndTests.ForwardProxy;

public sealed class CurlTests(ForwardProxyFixture fixture) : IClassFixture<ForwardProxyFixture>
{
    private readonly WmProxyProcess _proxy = fixture.Proxy;

    // The name in the answer is the one that the destination was asked by; who resolved it cannot be seen from there.
    [Theory]
    [InlineData("127.0.0.1", "--socks4")]
    [InlineData("localhost", "--socks4a")]
    [InlineData("127.0.0.1", "--socks5")]
    [InlineData("localhost", "--socks5-hostname")]
    [InlineData("127.0.0.1", "--proxy")]
    [InlineData("localhost", "--proxy")]
    [InlineData("localhost", "--proxytunnel", "--proxy")]
    public async Task Get_EveryProtocol_ReachesTheDestination(string host, params string[] options)
    {
        var result = await GetAsync([.. options, _proxy.Authority(Open), $"http://{host}:{fixture.HttpPort}/a?b=c"]);

        Assert.Equal($"GET /a?b=c {host}\n200", result.Output);
    }

    [Theory]
    [InlineData("--socks4a")]
    [InlineData("--socks5")]
    [InlineData("--socks5-hostname")]
    [InlineData("--proxy")]
    public async Task Get_Https_IsBetweenClientAndDestination(string option)
    {
        var result = await GetAsync([option, _proxy.Authority(Open), "--cacert", fixture.AuthorityPath, $"https://localhost:{fixture.HttpsPort}/a"]);

        Assert.Equal("GET /a localhost\n200", result.Output);
    }

    [Theory]
    [InlineData("--socks5")]
    [InlineData("--proxy")]
    [InlineData("--proxytunnel", "--proxy")]
    public async Task Get_ProxyOnIPv6_ReachesTheDestination(params string[] options)
    {
        var result = await GetAsync([.. options, _proxy.Authority(IPv6), $"{fixture.Http}/a"]);

        Assert.Equal("GET /a 127.0.0.1\n200", result.Output);
    }

    [Fact]
    public async Task Get_ProxyOnUnixSocket_ReachesTheDestination()
    {
        var result = await GetAsync(["--proxy", $"socks5h://localhost{fixture.UnixPath}", $"http://localhost:{fixture.HttpPort}/a"]);

        Assert.Equal("GET /a localhost\n200", result.Output);
    }

    // An HTTPS proxy, with its certificate verified: for HTTP, and for TLS within TLS.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Get_HttpsProxy_ReachesTheDestination(bool https)
    {
        var result = await GetAsync([
            "--proxy", $"https://{_proxy.Authority(Secure)}", "--proxy-cacert", fixture.AuthorityPath, "--cacert", fixture.AuthorityPath,
            $"{(https ? fixture.Https : fixture.Http)}/a"]);

        Assert.Equal("GET /a 127.0.0.1\n200", result.Output);
    }

    [Theory]
    [InlineData(Private, "http", false)]
    [InlineData(Private, "http", true)]
    [InlineData(Private, "socks5h", false)]
    [InlineData(SecurePrivate, "https", false)]
    [InlineData(SecurePrivate, "https", true)]
    public async Task Get_PasswordRightWrongAndMissing_OnlyTheRightOneGetsThrough(string host, string scheme, bool tunnel)
    {
        Task<ToolResult> Try(params string[] options) => GetAsync([
            "--proxy", $"{scheme}://{_proxy.Authority(host)}", "--proxy-cacert", fixture.AuthorityPath, "--cacert", fixture.AuthorityPath, "-w", " %{http_connect}",
            .. options, $"{(tunnel ? fixture.Https : fixture.Http)}/a"]);

        foreach (var user in (string[])[User, "hash:hash's password"])
        {
            var right = await Try("--proxy-user", user);
            Assert.True(right.Output == $"GET /a 127.0.0.1\n {(tunnel ? 200 : 0):000}", $"{user}: {right}");
        }

        foreach (var options in (string[][])[["--proxy-user", "alice:open sesame "], ["--proxy-user", "nobody:open sesame"], []])
        {
            var wrong = await Try(options);
            if (scheme == "socks5h")
            {
                // 97: the proxy said no.
                Assert.Equal(97, wrong.ExitCode);
            }
            else if (tunnel)
            {
                Assert.Equal((56, " 407"), (wrong.ExitCode, wrong.Output));
            }
            else
            {
                Assert.EndsWith("\n 000", wrong.Output, StringComparison.Ordinal);
                Assert.DoesNotContain("GET /a", wrong.Output, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Get_UserChangesOnOneConnection_EachRequestIsJudgedForItself()
    {
        // Without credentials, right, wrong, right: all on one connection, which a 407 leaves usable.
        string Header(string user) => "Proxy-Authorization: Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(user));
        string[] Request(string header) =>
            ["-q", "-sS", "--noproxy", "", "--max-time", "25", "-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n", "--proxy", _proxy.Authority(Private), "--proxy-header", header, $"{fixture.Http}/a"];

        var result = await ExternalTool.Require("curl", "curl").RunAsync(
            [.. Request("X-Nothing: here"), "--next", .. Request(Header(User)), "--next", .. Request(Header("alice:wrong")), "--next", .. Request(Header("hash:hash's password"))]);

        Assert.Equal("407 1\n200 0\n407 0\n200 0\n", result.Output);
    }

    [Fact]
    public async Task Get_TwentyKeptAliveClients_ReuseTheirConnections()
    {
        var clients = await Task.WhenAll(Enumerable.Range(0, 20).Select(client => Curl.RunAsync(
            "--noproxy", "", "--proxy", _proxy.Authority(Open), "-o", "/dev/null", "-w", "%{stderr}%{http_code} %{num_connects}\n", $"{fixture.Http}/{client}/[1-20]")));

        foreach (var client in clients)
        {
            Assert.True(client.ExitCode == 0, client.ToString());
            Assert.Equal(["200 1", .. Enumerable.Repeat("200 0", 19)], client.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
    }

    [Theory]
    [InlineData("--socks5-hostname")]
    [InlineData("--proxy")]
    [InlineData("--proxytunnel", "--proxy")]
    public async Task Post_LargeBody_ComesBackUnharmed(params string[] options)
    {
        using var folder = new TempDirectory();
        var (sent, received) = (folder.Combine("sent"), folder.Combine("received"));
        var data = TestData.Create(5_000_000, seed: 12);
        await System.IO.File.WriteAllBytesAsync(sent, data);

        var result = await GetAsync([.. options, _proxy.Authority(Open), "-H", "Content-Type: application/octet-stream", "--data-binary", "@" + sent, "-o", received, $"{fixture.Http}/echo"]);

        Assert.True(result.ExitCode == 0, result.ToString());
        var arrived = await System.IO.File.ReadAllBytesAsync(received);
        Assert.True(data.AsSpan().SequenceEqual(arrived));
    }

    [Fact]
    public async Task Get_NobodyListens_IsToldInEachProtocol()
    {
        var url = $"http://127.0.0.1:{FreePort.Next()}/";

        Assert.Equal("502", Last(await GetAsync(["--proxy", _proxy.Authority(Open), url])));
        var connect = await GetAsync(["--proxytunnel", "--proxy", _proxy.Authority(Open), "-w", " %{http_connect}", url]);
        Assert.Equal((56, " 502"), (connect.ExitCode, connect.Output));
        var socks5 = await GetAsync(["--socks5", _proxy.Authority(Open), url]);
        Assert.Equal(97, socks5.ExitCode);
        Assert.Contains("(5)", socks5.Error, StringComparison.Ordinal);
        var socks4 = await GetAsync(["--socks4", _proxy.Authority(Open), url]);
        Assert.Equal(97, socks4.ExitCode);
        Assert.Contains("91", socks4.Error, StringComparison.Ordinal);
    }

    private static string Last(ToolResult result) => result.Output[(result.Output.LastIndexOf('\n') + 1)..];

    private static Task<ToolResult> GetAsync(string[] arguments) => Curl.RunAsync(["--noproxy", "", "-w", "%{http_code}", .. arguments]);
}
