using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging.Abstractions;
using WmProxy.Configuration;
using WmProxy.Routes;
using WmProxy.Tests.StaticFiles;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Tests.Routes;

public sealed class WmProxyEndpointDataSourceTests : IDisposable
{
    private readonly SiteFolder _site = new();

    public void Dispose() => _site.Dispose();

    [Fact]
    public void Update_ChangedEntry_KeepsTheOthersEndpointsAndFiresTheToken()
    {
        using var source = new WmProxyEndpointDataSource(TimeProvider.System, NullLoggerFactory.Instance);
        source.Update(RoutesApp.Config([Files("site")], [Response("r", "1"), Response("gone", "1")]), _site.Base);
        var before = source.Endpoints.ToDictionary(endpoint => endpoint.DisplayName!);
        var token = source.GetChangeToken();

        source.Update(RoutesApp.Config([Files("site")], [Response("r", "2"), Response("new", "1")]), _site.Base);

        var after = source.Endpoints.ToDictionary(endpoint => endpoint.DisplayName!);
        Assert.True(token.HasChanged);
        Assert.False(source.GetChangeToken().HasChanged);
        Assert.Equal(["WmProxy:StaticFiles:site", "WmProxy:StaticResponses:new", "WmProxy:StaticResponses:r"], after.Keys.Order());
        Assert.Same(before["WmProxy:StaticFiles:site"], after["WmProxy:StaticFiles:site"]);
        Assert.NotSame(before["WmProxy:StaticResponses:r"], after["WmProxy:StaticResponses:r"]);
    }

    [Fact]
    public void Update_NothingChanged_IsSilent()
    {
        using var source = new WmProxyEndpointDataSource(TimeProvider.System, NullLoggerFactory.Instance);
        source.Update(RoutesApp.Config([Files("site")], [Response("r", "1")]), _site.Base);
        var token = source.GetChangeToken();
        var endpoints = source.Endpoints;

        source.Update(RoutesApp.Config([Files("site")], [Response("r", "1")]), _site.Base);

        Assert.False(token.HasChanged);
        Assert.Same(endpoints, source.Endpoints);
    }

    [Fact]
    public void Update_AnotherBaseDirectory_IsAChangeForFolders()
    {
        Directory.CreateDirectory(Path.Combine(_site.Base, "other", "site"));
        using var source = new WmProxyEndpointDataSource(TimeProvider.System, NullLoggerFactory.Instance);
        source.Update(RoutesApp.Config([Files("site")], [Response("r", "1")]), _site.Base);
        var before = source.Endpoints;

        source.Update(RoutesApp.Config([Files("site")], [Response("r", "1")]), Path.Combine(_site.Base, "other"));

        Assert.NotSame(before[0], source.Endpoints[0]);
        Assert.Same(before[1], source.Endpoints[1]);
    }

    [Fact]
    public void Update_ConfigurationThatHasNotBeenValidated_KeepsTheOldOne()
    {
        using var source = new WmProxyEndpointDataSource(TimeProvider.System, NullLoggerFactory.Instance);
        source.Update(RoutesApp.Config(responses: [Response("r", "1")]), _site.Base);
        var endpoints = source.Endpoints;
        var token = source.GetChangeToken();

        Assert.ThrowsAny<Exception>(() => source.Update(RoutesApp.Config([Files("x") with { Match = new() { Path = "/{a" } }], [Response("r", "2")]), _site.Base));

        Assert.Same(endpoints, source.Endpoints);
        Assert.False(token.HasChanged);
    }

    [Fact]
    public async Task Update_UnderLoad_NeverFailsARequestToAnUnchangedEntry()
    {
        _site.Write("a.txt", "file");
        await using var destination = await RoutesApp.StartAsync(RoutesApp.Config(responses: [Response("all", "yarp") with { Match = new() { Path = "/{**p}" } }]), _site.Base);
        WmProxyConfig Config(int round) => RoutesApp.Config(
            [Files("site") with { Match = new() { Path = "/site/{**path}" }, Prefix = "/site" }],
            [Response("kept", "kept"), Response("changing", $"{round}"), Response($"only-{round}", "new")]);
        await using var app = await RoutesApp.StartAsync(
            Config(0), _site.Base, [new RouteConfig { RouteId = "y", ClusterId = "c", Match = new() { Path = "/yarp/{**p}" } }], destination.Address);

        using var stop = new CancellationTokenSource();
        var requests = 0;
        var clients = Enumerable.Range(0, 20).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                Assert.Equal("file", await app.Client.GetStringAsync("/site/a.txt"));
                Assert.Equal("kept", await app.Client.GetStringAsync("/kept"));
                Assert.Equal("yarp", await app.Client.GetStringAsync("/yarp/x"));
                Assert.NotEmpty(await app.Client.GetStringAsync("/changing"));
                Interlocked.Increment(ref requests);
            }
        }).ToList();

        for (var round = 1; round <= 100; round++)
        {
            app.DataSource.Update(Config(round), _site.Base);

            // The new configuration serves as soon as Update returns.
            Assert.Equal($"{round}", await app.Client.GetStringAsync("/changing"));
            Assert.Equal("new", await app.Client.GetStringAsync($"/only-{round}"));
            using var old = await app.SendAsync($"/only-{round - 1}");
            Assert.Equal(HttpStatusCode.NotFound, old.StatusCode);
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(requests >= 20);
    }

    private static StaticFilesConfig Files(string id) => new() { Id = id, Root = "site" };

    private static StaticResponseConfig Response(string id, string body) => new() { Id = id, Match = new() { Path = $"/{id}" }, Body = body };
}
