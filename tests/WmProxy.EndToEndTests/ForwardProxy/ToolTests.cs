using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;
using static WmProxy.EndToEndTests.ForwardProxy.ForwardProxyFixture;

namespace WmProxy.EndToEndTests.ForwardProxy;

/// <summary>Programs that know of proxies by variables, options or files of their own.</summary>
public sealed class ToolTests(ForwardProxyFixture fixture) : IClassFixture<ForwardProxyFixture>
{
    private readonly WmProxyProcess _proxy = fixture.Proxy;

    [Theory]
    [InlineData(Open, "")]
    [InlineData(Private, "alice:open%20sesame@")]
    public async Task Wget_ProxyVariables_DownloadsOverHttpAndConnect(string host, string user)
    {
        var wget = ExternalTool.Require("wget", "wget");
        var proxy = $"http://{user}{_proxy.Authority(host)}";
        var environment = new Dictionary<string, string?> { ["http_proxy"] = proxy, ["https_proxy"] = proxy, ["no_proxy"] = null, ["NO_PROXY"] = null };

        var result = await wget.RunAsync(
            ["--no-config", "-nv", "-t", "1", "-T", "25", "-O", "-", "--ca-certificate", fixture.AuthorityPath, $"http://localhost:{fixture.HttpPort}/a", $"https://localhost:{fixture.HttpsPort}/b"],
            environment: environment);

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal("GET /a localhost\nGET /b localhost\n", result.Output);
    }

    [Fact]
    public async Task Wget_WrongPassword_Is407()
    {
        var wget = ExternalTool.Require("wget", "wget");
        var environment = new Dictionary<string, string?> { ["http_proxy"] = $"http://alice:wrong@{_proxy.Authority(Private)}", ["no_proxy"] = null, ["NO_PROXY"] = null };

        var result = await wget.RunAsync(["--no-config", "-nv", "-t", "1", "-T", "25", "-O", "-", $"http://localhost:{fixture.HttpPort}/a"], environment: environment);

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("407", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("socks5h")]
    public async Task GitClone_OverHttp_HasEveryCommit(string scheme)
    {
        var git = ExternalTool.Require("git", "git");
        using var folder = new TempDirectory();
        var environment = new Dictionary<string, string?>
        {
            ["HOME"] = folder.Path, ["GIT_CONFIG_NOSYSTEM"] = "1", ["GIT_TERMINAL_PROMPT"] = "0", ["http_proxy"] = null, ["no_proxy"] = null, ["NO_PROXY"] = null,
            ["GIT_AUTHOR_NAME"] = "test", ["GIT_AUTHOR_EMAIL"] = "t@test.example", ["GIT_COMMITTER_NAME"] = "test", ["GIT_COMMITTER_EMAIL"] = "t@test.example",
        };
        async Task<string> Git(params string[] arguments)
        {
            var result = await git.RunAsync(arguments, workingDirectory: folder.Path, environment: environment);
            Assert.True(result.ExitCode == 0, $"git {string.Join(' ', arguments)}: {result}");
            return result.Output.Trim();
        }

        folder.Write("www/empty", "");
        await Git("init", "-q", "-b", "main", "work");
        for (var i = 0; i < 5; i++)
        {
            folder.Write($"work/file{i}", $"content {i}\n");
            await Git("-C", "work", "add", ".");
            await Git("-C", "work", "commit", "-q", "-m", $"commit {i}");
        }

        await Git("clone", "-q", "--bare", "work", "www/repo.git");
        await Git("-C", "www/repo.git", "update-server-info");
        folder.Write("server/appsettings.json", """
            {
              "Kestrel": { "Endpoints": { "web": { "Url": "http://127.0.0.9:0" } } },
              "WmProxy": { "StaticFiles": { "git": { "Root": "../www" } } }
            }
            """);
        await using var server = WmProxyProcess.Start(folder, "run", "-c", "server/appsettings.json");
        var port = (await server.WaitForListenerAsync("127.0.0.9", "[1-9][0-9]*")).Groups["port"].Value;

        await Git("-c", $"http.proxy={scheme}://{_proxy.Authority(Open)}", "clone", "-q", $"http://127.0.0.9:{port}/repo.git", "clone");

        Assert.Equal(await Git("-C", "work", "log", "--format=%H"), await Git("-C", "clone", "log", "--format=%H"));
        Assert.Equal("content 4\n", await System.IO.File.ReadAllTextAsync(folder.Combine("clone/file4")));
    }

    [Theory]
    [InlineData("socks4", Open, "")]
    [InlineData("socks5", Open, "")]
    [InlineData("socks5", Private, " plain word")]
    [InlineData("http", Open, "")]
    [InlineData("http", Private, " plain word")]
    public async Task Proxychains_Curl_IsTakenThroughTheProxy(string type, string host, string user)
    {
        var proxychains = ExternalTool.Require("proxychains4", "proxychains4");
        var curl = ExternalTool.Require("curl", "curl");
        using var folder = new TempDirectory();
        await using var server = new ScriptedPeer(script => script.ReadUntil("\r\n\r\n").Write("HTTP/1.0 200 OK\r\n\r\nhello").HalfClose().ReadToEnd());
        var config = folder.Write("proxychains.conf", $"strict_chain\nquiet_mode\ntcp_read_time_out 15000\ntcp_connect_time_out 8000\n[ProxyList]\n{type} {host} {_proxy.Port(host)}{user}\n");

        var result = await proxychains.RunAsync(["-q", "-f", config, curl.Path, "-q", "-sS", "--noproxy", "*", "--max-time", "25", $"http://127.0.0.1:{server.Port}/"]);

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal("hello", result.Output);

        // A program that it does not get hold of would have reached it all the same.
        await _proxy.Process.WaitForAsync($" user {(user.Length > 0 ? "plain" : "-")} target 127.0.0.1:{server.Port} ");
    }
}
