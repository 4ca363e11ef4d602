using System;
using System.CommandLine;
using System.IO;
using System.Text.Json;
using System.Threading.Tasks;
using WmProxy.Server.CommandLine;

namespace WmProxy.Tests.Server.CommandLine;

public sealed class ProxyCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task PrintConfig_Nothing_ListensOnLoopback()
    {
        var proxy = await PrintAsync();

        Assert.Equal("""["tcp://localhost:8090"]""", Compact(proxy.GetProperty("Listen")));
        Assert.Equal(["Listen"], Names(proxy));
    }

    [Fact]
    public async Task PrintConfig_Everything_IsAConfigurationThatIsRight()
    {
        var certificate = _folder.Write("c.pem", "");
        var proxy = await PrintAsync(
            "--listen", "tls://127.0.0.1:8443", "-l", "127.0.0.1:0", "--user", "alice:a:b", "--user", "bob:c", "--allow", "10.0.0.0/8", "--parent", "socks5://u:p@10.0.0.1:1080",
            "--parent", "http+connect://10.0.0.2:3128", "--certificate", certificate, "--socks4", "--access-log");

        Assert.Equal("""["tls://127.0.0.1:8443","tcp://127.0.0.1:0"]""", Compact(proxy.GetProperty("Listen")));
        Assert.Equal("""{"alice":{"Password":"a:b"},"bob":{"Password":"c"}}""", Compact(proxy.GetProperty("Users")));
        Assert.Equal("""["10.0.0.0/8"]""", Compact(proxy.GetProperty("Access").GetProperty("Allow")));
        Assert.Equal("parents", proxy.GetProperty("ClusterId").GetString());
        Assert.True(proxy.GetProperty("AccessLog").GetBoolean());
        var destinations = JsonDocument.Parse(_output.ToString()).RootElement.GetProperty("ReverseProxy").GetProperty("Clusters").GetProperty("parents").GetProperty("Destinations");
        Assert.Equal("""{"001":{"Address":"socks5://u:p@10.0.0.1:1080"},"002":{"Address":"http+connect://10.0.0.2:3128"}}""", Compact(destinations));
    }

    [Theory]
    [InlineData("--listen", "127.0.0.1:0")]
    [InlineData("--listen", "tcp://*:0", "--user", "alice:secret")]
    [InlineData("--listen", "tcp://*:0", "--allow", "10.0.0.0/8", "--socks4", "--access-log")]
    [InlineData("--parent", "socks5://user:secret@127.0.0.1:1080", "--parent", "https+connect://proxy.example:443")]
    public async Task PrintConfig_Kept_PassesTheCheck(params string[] args)
    {
        await PrintAsync(args);
        var file = _folder.Write("appsettings.json", _output.ToString());

        var exitCode = await InvokeAsync("check", "-c", file);

        Assert.Equal((0, ""), (exitCode, _error.ToString()));
    }

    [Fact]
    public async Task Proxy_OpenToEverybody_IsRefusedWithTheReason()
    {
        Assert.Equal(1, await InvokeAsync("proxy", "--listen", "tcp://*:0"));

        Assert.Contains("AllowAnonymous", _error.ToString(), StringComparison.Ordinal);
    }

    private static string Compact(JsonElement element) => element.GetRawText().Replace("\n", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);

    private static string[] Names(JsonElement element)
    {
        var names = new System.Collections.Generic.List<string>();
        foreach (var property in element.EnumerateObject())
        {
            names.Add(property.Name);
        }

        return [.. names];
    }

    private async Task<JsonElement> PrintAsync(params string[] args)
    {
        Assert.Equal(0, await InvokeAsync(["proxy", .. args, "--print-config"]));
        return JsonDocument.Parse(_output.ToString()).RootElement.GetProperty("WmProxy").GetProperty("ForwardProxies").GetProperty("proxy");
    }

    private Task<int> InvokeAsync(params string[] args) => WmProxyCommand.InvokeAsync(args, new InvocationConfiguration { Output = _output, Error = _error });
}
