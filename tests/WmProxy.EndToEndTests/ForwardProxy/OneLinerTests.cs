using System;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.ForwardProxy;

/// <summary><c>wmproxy proxy</c>.</summary>
public sealed class OneLinerTests
{
    [Fact]
    public async Task Proxy_WithUserAndWithParent_CarriesWhatCurlSends()
    {
        await using var backend = await KestrelBackend.StartAsync(app => app.Run(context => context.Response.WriteAsync($"{context.Request.Path}\n")));
        using var folder = new TempDirectory();
        await using var remote = WmProxyProcess.Start(folder, "proxy", "--listen", "127.0.0.4:0", "--user", "alice:s:cret", "--access-log");
        var remoteAddress = await AddressAsync(remote, "127.0.0.4");
        await using var local = WmProxyProcess.Start(folder, "proxy", "-l", "127.0.0.5:0", "-p", $"socks5://alice:s%3Acret@{remoteAddress}", "--socks4");
        var localAddress = await AddressAsync(local, "127.0.0.5");

        foreach (var option in (string[])["--proxy", "--socks5-hostname", "--socks4a"])
        {
            Assert.Equal("/a\n200", await GetAsync(option, localAddress, $"{backend.Address}/a"));
        }

        Assert.Equal("/a\n200", await GetAsync("--proxy-user", "alice:s:cret", "--proxy", remoteAddress, $"{backend.Address}/a"));
        Assert.EndsWith("\n407", await GetAsync("--proxy", remoteAddress, $"{backend.Address}/a"), StringComparison.Ordinal);
        await remote.Process.WaitForAsync("proxy proxy user alice target ");

        // A password on the command line is known to whoever typed it, but not to the log.
        Assert.DoesNotContain("s:cret", remote.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("s%3Acret", local.Output, StringComparison.Ordinal);

        local.Process.Send(Signal.Terminate);
        Assert.Equal(0, await local.Process.ExitAsync());
    }

    [Fact]
    public async Task PrintConfig_KeptInAFileWithAHash_RunsAsTheOneLinerDid()
    {
        await using var backend = await KestrelBackend.StartAsync(app => app.Run(context => context.Response.WriteAsync($"{context.Request.Path}\n")));
        using var folder = new TempDirectory();
        var printed = await WmProxyProcess.RunAsync(folder, "proxy", "--listen", "tcp://127.0.0.2:0", "--user", "alice:secret", "--print-config");
        Assert.True(printed.ExitCode == 0, printed.ToString());

        var hash = await ExternalTool.At(TestBuild.DotNet).RunAsync([TestBuild.Program, "hash-password"], "secret\n");
        Assert.True(hash.ExitCode == 0, hash.ToString());
        var config = printed.Output.Replace("\"Password\": \"secret\"", $"\"PasswordHash\": \"{hash.Output.Trim()}\"", StringComparison.Ordinal);
        Assert.DoesNotContain("secret", config, StringComparison.Ordinal);

        await using var proxy = await WmProxyProcess.StartAsync(config, folder);

        Assert.Equal("/a\n200", await GetAsync("--proxy-user", "alice:secret", "--proxy", proxy.Authority("127.0.0.2"), $"{backend.Address}/a"));
    }

    [Theory]
    [InlineData("AllowAnonymous", "--listen", "tcp://*:0")]
    [InlineData("has no port", "--listen", "localhost")]
    [InlineData("alice:Password", "--user", "alice")]
    [InlineData("no parent proxy", "--parent", "gopher://127.0.0.1:70")]
    [InlineData("--usr", "--usr", "alice:secret")]
    [InlineData("twice", "--user", "alice:a", "--user", "Alice:b")]
    [InlineData("--certificate", "--key", "server.key")]
    public async Task Proxy_Mistake_IsRefusedWithTheReason(string reason, params string[] arguments)
    {
        using var folder = new TempDirectory();

        var result = await WmProxyProcess.RunAsync(folder, ["proxy", .. arguments]);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(reason, result.Output + result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Output + result.Error, StringComparison.Ordinal);
    }

    private static async Task<string> AddressAsync(WmProxyProcess proxy, string host) =>
        $"{host}:{(await proxy.WaitForListenerAsync(host, "[1-9][0-9]*")).Groups["port"].Value}";

    private static async Task<string> GetAsync(params string[] arguments) =>
        (await Curl.RunAsync(["--noproxy", "", "-w", "%{http_code}", .. arguments])).Output;
}
