using System;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.Listeners;
using WmProxy.Server;
using WmProxy.Server.CommandLine;
using WmProxy.Server.Configuration;
using WmProxy.Server.Lifetime;

namespace WmProxy.Tests.Server;

public sealed class WmProxyApplicationTests : IDisposable
{
    private const string Stream = """ "WmProxy": { "Streams": { "x": { "Listen": "tcp://127.0.0.1:0", "To": "tcp://127.0.0.1:9" } } } """;
    private const string Quiet = """ "Serilog": { "MinimumLevel": "Fatal" } """;
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task StartAsync_NoHttpEndpoint_OpensNone()
    {
        await using var app = Create($$"""{ {{Stream}}, {{Quiet}} }""");
        await app.StartAsync();

        Assert.DoesNotContain(app.Services.GetRequiredService<Banner>().Lines(), line => line.What == "http");
        Assert.NotEqual($"this process (pid {Environment.ProcessId})", PortOwner.Find(new IPEndPoint(IPAddress.Loopback, 5000)));
        await app.StopAsync();
    }

    [Fact]
    public async Task ReloadAsync_EndpointsAddedWhereNoneWere_ComeUpAndGoAgain()
    {
        await using var app = Create($$"""{ {{Stream}}, {{Quiet}} }""");
        await app.StartAsync();
        var url = $"http://127.0.0.1:{FreePort()}";
        using var client = new HttpClient { Timeout = Hang };

        _folder.Write("a.json", $$"""{ "Kestrel": { "Endpoints": { "web": { "Url": "{{url}}" } } }, {{Stream}}, {{Quiet}} }""");
        Assert.True((await app.Services.GetRequiredService<ConfigFileReloader>().ReloadAsync(CancellationToken.None)).Succeeded);
        HttpResponseMessage? response = null;
        while (response is null)
        {
            // Kestrel follows the token in its own time, and tells nobody when it is done.
            try
            {
                response = await client.GetAsync(url);
            }
            catch (HttpRequestException exception) when (exception.InnerException is SocketException)
            {
                await Task.Yield();
            }
        }

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.False(response.Headers.Contains("Server"));
        await app.StopAsync();
    }

    [Fact]
    public async Task StartAsync_Endpoint_IsInTheBannerWithItsRealPort()
    {
        await using var app = Create($$"""{ "Kestrel": { "Endpoints": { "web": { "Url": "http://127.0.0.1:0" } } }, {{Quiet}} }""");
        await app.StartAsync();

        var address = Assert.Single(app.Services.GetRequiredService<Banner>().Lines(), line => line.What == "http").Address;

        Assert.NotEqual(0, new Uri(address).Port);
        await app.StopAsync();
    }

    [Fact]
    public async Task Explain_PortInUse_NamesKeyAddressAndOwner()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        await using var app = Create($$"""{ "Kestrel": { "Endpoints": { "web": { "Url": "http://{{other.LocalEndpoint}}" } } }, {{Quiet}} }""");

        var exception = await Assert.ThrowsAnyAsync<Exception>(() => app.StartAsync());

        var error = Assert.Single(RunCommand.Explain(exception, app.Configuration));
        Assert.StartsWith($"Kestrel:Endpoints:web:Url: http://{other.LocalEndpoint} is in use by ", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Create_Overrides_WinOverTheFile()
    {
        var file = _folder.Write("a.json", $$"""{ "Kestrel": { "Endpoints": { "web": { "Url": "http://127.0.0.1:1" } } }, {{Quiet}} }""");

        using var app = (IDisposable)WmProxyApplication.Create("-c", file, "--set", "Kestrel:Endpoints:web:Url=http://127.0.0.1:0");

        Assert.Equal("http://127.0.0.1:0", ((WebApplication)app).Configuration["Kestrel:Endpoints:web:Url"]);
        Assert.Equal(_folder.Path, ((WebApplication)app).Environment.ContentRootPath.TrimEnd('/'));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private WebApplication Create(string json) =>
        WmProxyApplication.Create(new ServerOptions { ConfigFile = _folder.Write("a.json", json), UseEnvironment = false });
}
