using System;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.ForwardProxy;

/// <summary>A forward proxy behind another one: <c>samples/TwoNodes</c>, and what its page says can be made of it.</summary>
public sealed partial class TwoNodesTests : IAsyncLifetime
{
    private const string Local = "127.0.0.2";

    private readonly TempDirectory _folder = new();
    private KestrelBackend? _backend;

    public async ValueTask InitializeAsync() =>
        _backend = await KestrelBackend.StartAsync(app => app.Run(context => context.Response.WriteAsync($"{context.Request.Path}\n")));

    public async ValueTask DisposeAsync()
    {
        await _backend!.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Sample_AsItIs_CarriesEveryProtocolOverMutualTls()
    {
        await CopySampleAsync();
        var (local, remote) = (FreePort.Next(), FreePort.Next());
        await using var remoteNode = StartSample("remote", local, remote);
        await using var localNode = StartSample("local", local, remote);
        await remoteNode.WaitForPortAsync($"{remote}");
        await localNode.WaitForPortAsync($"{local}");

        foreach (var options in (string[][])[["--proxy"], ["--proxytunnel", "--proxy"], ["--socks5-hostname"]])
        {
            var result = await GetAsync([.. options, $"localhost:{local}", $"{_backend!.Address}/a"]);
            Assert.True(result.Output == "/a\n200", $"{string.Join(' ', options)}: {result}\n{localNode.Output}\n{remoteNode.Output}");
        }

        // Both nodes know whose it is, and where it went.
        await localNode.Process.WaitForAsync(@"proxy local .*by remote/a");
        await remoteNode.Process.WaitForAsync($"proxy remote user local target {new Uri(_backend!.Address).Authority} ");

        // The password alone does not let anybody in, and neither does the certificate.
        string[] toRemote = ["--proxytunnel", "--proxy", $"https://localhost:{remote}", "--proxy-cacert", _folder.Combine("ca.pem"), "-w", " %{http_connect}"];
        var withoutCertificate = await GetAsync([.. toRemote, "--proxy-user", "local:change-me", $"{_backend.Address}/a"]);
        Assert.Equal(" 000", withoutCertificate.Output);
        string[] certificate = ["--proxy-cert", _folder.Combine("local.pem"), "--proxy-key", _folder.Combine("local.key")];
        var withoutPassword = await GetAsync([.. toRemote, .. certificate, $"{_backend.Address}/a"]);
        Assert.Equal(" 407", withoutPassword.Output);
        var withBoth = await GetAsync([.. toRemote, .. certificate, "--proxy-user", "local:change-me", $"{_backend.Address}/a"]);
        Assert.Equal("/a\n 200", withBoth.Output);
    }

    [Fact]
    public async Task RemoteNode_OfAnotherAuthority_IsNotTrusted()
    {
        await CopySampleAsync();
        using var stranger = new TestCertificates("stranger", intermediate: false);
        using var certificate = stranger.IssueServer(["localhost"]);
        var (local, remote) = (FreePort.Next(), FreePort.Next());
        _folder.Write("remote.pem", stranger.ChainPem(certificate));
        _folder.Write("remote.key", TestCertificates.KeyPem(certificate));
        await using var remoteNode = StartSample("remote", local, remote);
        await using var localNode = StartSample("local", local, remote);
        await remoteNode.WaitForPortAsync($"{remote}");
        await localNode.WaitForPortAsync($"{local}");

        var result = await GetAsync(["--proxy", $"localhost:{local}", $"{_backend!.Address}/a"]);

        Assert.EndsWith("\n502", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RemoteNode_Dies_TheOtherTakesOver()
    {
        var nodes = await Task.WhenAll(StartRemoteAsync("127.0.0.4"), StartRemoteAsync("127.0.0.5"));
        await using var first = nodes[0];
        await using var second = nodes[1];
        await using var local = await WmProxyProcess.StartAsync($$"""
            {
              "ReverseProxy": {
                "Clusters": {
                  "remote": {
                    "LoadBalancingPolicy": "FirstAlphabetical",
                    "Destinations": { "a": { "Address": "http+connect://{{first.Authority("127.0.0.4")}}" }, "b": { "Address": "socks5://{{second.Authority("127.0.0.5")}}" } }
                  }
                }
              },
              "WmProxy": { "ForwardProxies": { "local": { "Listen": "tcp://{{Local}}:0", "ClusterId": "remote", "AccessLog": true } } }
            }
            """);
        var proxy = local.Authority(Local);

        Assert.Equal("/a\n200", (await GetAsync(["--socks5", proxy, $"{_backend!.Address}/a"])).Output);
        await local.Process.WaitForAsync(" by remote/a ");

        first.Process.Send(Signal.Kill);
        await first.Process.ExitAsync();
        var after = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => GetAsync([i % 2 == 0 ? "--socks5" : "--proxy", proxy, $"{_backend.Address}/{i}"])));

        // None fails: whom the first refuses is taken to the second.
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"/{i}\n200"), after.Select(result => result.Output));
        await local.Process.WaitForAsync(" by remote/b ");
    }

    [Fact]
    public async Task Chain_OfTwoHops_IsDialledOneAfterTheOther()
    {
        var nodes = await Task.WhenAll(StartRemoteAsync("127.0.0.4"), StartRemoteAsync("127.0.0.5"));
        await using var outer = nodes[0];
        await using var inner = nodes[1];
        await using var local = await WmProxyProcess.StartAsync($$"""
            {
              "ReverseProxy": {
                "Clusters": {
                  "outer": { "Destinations": { "1": { "Address": "socks5://{{outer.Authority("127.0.0.4")}}" } } },
                  "inner": { "Metadata": { "Via": "outer" }, "Destinations": { "1": { "Address": "http+connect://{{inner.Authority("127.0.0.5")}}" } } }
                }
              },
              "WmProxy": { "ForwardProxies": { "local": { "Listen": "tcp://{{Local}}:0", "ClusterId": "inner" } } }
            }
            """);

        var result = await GetAsync(["--socks5-hostname", local.Authority(Local), $"http://localhost:{new Uri(_backend!.Address).Port}/a"]);

        Assert.Equal("/a\n200", result.Output);

        // The first is asked for the second, and the second for the destination, by its name.
        await outer.Process.WaitForAsync($"target {Regex.Escape(inner.Authority("127.0.0.5"))} ");
        await inner.Process.WaitForAsync($"target localhost:{new Uri(_backend.Address).Port} ");
    }

    private static Task<WmProxyProcess> StartRemoteAsync(string host) => WmProxyProcess.StartAsync($$"""
        { "WmProxy": { "ForwardProxies": { "remote": { "Listen": "tcp://{{host}}:0", "AccessLog": true } } } }
        """);

    private static Task<ToolResult> GetAsync(string[] arguments) => Curl.RunAsync(["--noproxy", "", "-w", "%{http_code}", .. arguments]);

    /// <summary>The sample's files, and the certificates as its page says that they are made.</summary>
    private async Task CopySampleAsync()
    {
        ExternalTool.Require("openssl", "openssl");
        var sample = Path.Combine(TestBuild.RepositoryRoot, "samples", "TwoNodes");
        var commands = CertificateCommands().Match(await File.ReadAllTextAsync(Path.Combine(sample, "README.md"))).Groups[1].Value;
        Assert.NotEmpty(commands);
        var made = await ExternalTool.Require("bash", "bash").RunAsync(["-euc", commands], workingDirectory: _folder.Path);
        Assert.True(made.ExitCode == 0, made.ToString());
        foreach (var name in (string[])["appsettings.local.json", "appsettings.remote.json"])
        {
            File.Copy(Path.Combine(sample, name), _folder.Combine(name));
        }
    }

    private WmProxyProcess StartSample(string node, int local, int remote)
    {
        var name = $"appsettings.{node}.json";
        var text = File.ReadAllText(_folder.Combine(name));
        Assert.Matches(":8443", text);
        _folder.Write(name, text.Replace(":8090", $":{local}", StringComparison.Ordinal).Replace(":8443", $":{remote}", StringComparison.Ordinal));
        return WmProxyProcess.Start(_folder, "run", "-c", name);
    }

    [GeneratedRegex("^```bash certificates\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex CertificateCommands();
}
