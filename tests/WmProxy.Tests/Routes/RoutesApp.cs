using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WmProxy.Configuration;
using WmProxy.Routes;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Tests.Routes;

/// <summary>A real server on a free loopback port with our endpoints and YARP's beside each other.</summary>
internal sealed class RoutesApp : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RoutesApp(WebApplication app)
    {
        _app = app;
        Address = new Uri(app.Urls.Single());
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(30) };
    }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public WmProxyEndpointDataSource DataSource => _app.Services.GetRequiredService<WmProxyEndpointDataSource>();

    public static async Task<RoutesApp> StartAsync(
        WmProxyConfig config, string baseDirectory, IReadOnlyList<RouteConfig>? routes = null, Uri? destination = null,
        Action<IServiceCollection>? services = null, Action<WebApplication>? middleware = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddWmProxyRoutes();
        services?.Invoke(builder.Services);
        ClusterConfig[] clusters = destination is null ? []
            : [new() { ClusterId = "c", Destinations = new Dictionary<string, DestinationConfig> { ["d"] = new() { Address = destination.ToString() } } }];
        builder.Services.AddReverseProxy().LoadFromMemory(routes ?? [], clusters);
        var app = builder.Build();
        middleware?.Invoke(app);
        app.MapReverseProxy();
        var dataSource = app.Services.GetRequiredService<WmProxyEndpointDataSource>();
        ((IEndpointRouteBuilder)app).DataSources.Add(dataSource);
        dataSource.Update(config, baseDirectory);
        await app.StartAsync();
        return new RoutesApp(app);
    }

    public static WmProxyConfig Config(IEnumerable<StaticFilesConfig>? files = null, IEnumerable<StaticResponseConfig>? responses = null) => new()
    {
        StaticFiles = new((files ?? []).Select(entry => KeyValuePair.Create(entry.Id, entry))),
        StaticResponses = new((responses ?? []).Select(entry => KeyValuePair.Create(entry.Id, entry))),
    };

    public static EquatableDictionary<string> Map(params (string Key, string Value)[] items) => new(items.Select(item => KeyValuePair.Create(item.Key, item.Value)));

    public async Task<HttpResponseMessage> SendAsync(string path, HttpMethod? method = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        return await Client.SendAsync(request);
    }

    /// <summary>Sends exactly these bytes (Latin-1) as the request target and gives the whole answer.</summary>
    public async Task<string> SendRawAsync(string target, string method = "GET", string fields = "")
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var socket = new TcpClient();
        await socket.ConnectAsync(Address.Host, Address.Port, deadline.Token);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes($"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n"), deadline.Token);
        using var answer = new MemoryStream();
        await stream.CopyToAsync(answer, deadline.Token);
        return Encoding.Latin1.GetString(answer.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }
}
