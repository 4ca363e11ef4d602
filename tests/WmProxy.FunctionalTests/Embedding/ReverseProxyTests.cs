using System;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.Management;
using WmProxy.Tests.Common;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.FunctionalTests.Embedding;

/// <summary>An application that has YARP already goes on with it as before, and streams use its clusters.</summary>
public sealed class ReverseProxyTests
{
    public enum Map
    {
        Before,
        After,
        ByWmProxy,
    }

    public static TheoryData<bool, bool, Map, bool> Combinations()
    {
        var data = new TheoryData<bool, bool, Map, bool>();
        foreach (var first in new[] { true, false })
        {
            foreach (var memory in new[] { true, false })
            {
                foreach (var map in Enum.GetValues<Map>())
                {
                    foreach (var pipeline in map == Map.ByWmProxy ? [false] : new[] { true, false })
                    {
                        data.Add(first, memory, map, pipeline);
                    }
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task AddReverseProxy_OfTheApplication_KeepsItsRoutesPipelineAndClusters(bool yarpFirst, bool fromMemory, Map map, bool pipeline)
    {
        await using var echo = new EchoServer();
        await using var backend = await BackendAsync();
        var builder = AppBuilder.Create($$"""
            {
              "MyProxy": {
                "Routes": { "mine": { "ClusterId": "web", "Match": { "Path": "/mine/{**rest}" } } },
                "Clusters": {
                  "web": { "Destinations": { "d": { "Address": "{{backend.Urls.First()}}" } } },
                  "echoes": { "Destinations": { "d": { "Address": "{{echo.Address}}" } } }
                }
              },
              "WmProxy": {
                "Streams": {
                  "theirs": { "Listen": "tcp://127.0.0.1:0", "ClusterId": "echoes" },
                  "own": { "Listen": "tcp://127.0.0.1:0", "To": "{{echo.Address}}" }
                }
              }
            }
            """);
        foreach (var yarp in new[] { yarpFirst, !yarpFirst })
        {
            if (!yarp)
            {
                builder.Services.AddWmProxy(builder.Configuration);
            }
            else if (fromMemory)
            {
                builder.Services.AddReverseProxy().LoadFromMemory(
                    [new RouteConfig { RouteId = "mine", ClusterId = "web", Match = new RouteMatch { Path = "/mine/{**rest}" } }],
                    [Cluster("web", backend.Urls.First()), Cluster("echoes", echo.Address)]);
            }
            else
            {
                builder.Services.AddReverseProxy().LoadFromConfig(builder.Configuration.GetSection("MyProxy"));
            }
        }

        await using var app = builder.Build();
        if (map == Map.Before)
        {
            MapYarp(app, pipeline);
        }

        app.MapWmProxy();
        if (map == Map.After)
        {
            MapYarp(app, pipeline);
        }

        await app.StartAsync().Within();

        Assert.Equal(pipeline ? "200 /mine/a via pipeline" : "200 /mine/a via ", await app.GetAsync("/mine/a"));
        await app.AssertStreamEchoesAsync("theirs");
        await app.AssertStreamEchoesAsync("own");

        // A reload of ours builds endpoints anew where something changed, and must not lose the pipeline.
        app.Configuration["WmProxy:Streams:late:Listen"] = "tcp://127.0.0.1:0";
        app.Configuration["WmProxy:Streams:late:To"] = echo.Address;
        var result = await app.Services.GetRequiredService<IConfigReloader>().ReloadAsync().Within();
        Assert.True(result.Succeeded, string.Join("; ", result.Errors));
        await app.AssertStreamEchoesAsync("late");
        await app.AssertStreamEchoesAsync("theirs");
        Assert.Equal(pipeline ? "200 /mine/a via pipeline" : "200 /mine/a via ", await app.GetAsync("/mine/a"));
    }

    [Fact]
    public async Task AddReverseProxy_WithoutConfiguration_IsFedFromTheReverseProxySection()
    {
        await using var backend = await BackendAsync();
        var builder = AppBuilder.Create($$"""
            {
              "ReverseProxy": {
                "Routes": { "r": { "ClusterId": "web", "Match": { "Path": "/{**rest}" } } },
                "Clusters": { "web": { "Destinations": { "d": { "Address": "{{backend.Urls.First()}}" } } } }
              }
            }
            """);
        builder.Services.AddReverseProxy();
        builder.Services.AddWmProxy(builder.Configuration);
        await using var app = builder.Build();
        app.MapWmProxy();
        await app.StartAsync().Within();

        Assert.Equal("200 /a via ", await app.GetAsync("/a"));
    }

    [Fact]
    public async Task Update_OfTheApplicationsProvider_WhileOursChanges_BothAreApplied()
    {
        await using var echo = new EchoServer();
        await using var backend = await BackendAsync();
        var builder = AppBuilder.Create();
        builder.Services.AddReverseProxy().LoadFromMemory([], [Cluster("web", backend.Urls.First())]);
        builder.Services.AddWmProxy(builder.Configuration);
        await using var app = builder.Build();
        app.MapWmProxy();
        await app.StartAsync().Within();
        var theirs = app.Services.GetRequiredService<InMemoryConfigProvider>();
        var ours = app.Services.GetRequiredService<IConfigReloader>();

        for (var i = 0; i < 20; i++)
        {
            var path = $"/p{i}";
            app.Configuration[$"WmProxy:Streams:s{i}:Listen"] = "tcp://127.0.0.1:0";
            app.Configuration[$"WmProxy:Streams:s{i}:To"] = echo.Address;
            var updating = Task.Run(() => theirs.Update(
                [new RouteConfig { RouteId = "mine", ClusterId = "web", Match = new RouteMatch { Path = path } }], [Cluster("web", backend.Urls.First())]));
            var result = await ours.ReloadAsync().Within(TimeSpan.FromSeconds(20));
            await updating;

            Assert.True(result.Succeeded, string.Join("; ", result.Errors));
            await app.AssertStreamEchoesAsync($"s{i}");
            await Deadline.PollAsync(async () => await app.GetAsync(path) == $"200 {path} via ");
        }
    }

    [Fact]
    public async Task Reload_NameThatCannotBeResolved_IsRefusedAndTheNextOneIsTakenAtOnce()
    {
        await using var echo = new EchoServer();
        var builder = AppBuilder.Create();
        var resolver = new FailingResolver();
        builder.Services.AddReverseProxy();
        builder.Services.AddSingleton<Yarp.ReverseProxy.ServiceDiscovery.IDestinationResolver>(resolver);
        builder.Services.AddWmProxy(builder.Configuration);
        await using var app = builder.Build();
        app.MapWmProxy();
        await app.StartAsync().Within();
        var reloader = app.Services.GetRequiredService<IConfigReloader>();
        app.Configuration["WmProxy:Streams:a:Listen"] = "tcp://127.0.0.1:0";
        app.Configuration["WmProxy:Streams:a:To"] = echo.Address;

        resolver.IsBad = true;
        var refused = await reloader.ReloadAsync().Within(TimeSpan.FromSeconds(20));
        resolver.IsBad = false;
        var taken = await reloader.ReloadAsync().Within(TimeSpan.FromSeconds(20));

        Assert.Contains("no such name", Assert.Single(refused.Errors).Message, StringComparison.Ordinal);
        Assert.True(taken.Succeeded, string.Join("; ", taken.Errors));
        await app.AssertStreamEchoesAsync("a");
    }

    private static void MapYarp(WebApplication app, bool pipeline)
    {
        if (pipeline)
        {
            app.MapReverseProxy(proxy => proxy.Use((context, next) =>
            {
                context.Request.Headers["X-Via"] = "pipeline";
                return next(context);
            }));
        }
        else
        {
            app.MapReverseProxy();
        }
    }

    private static ClusterConfig Cluster(string id, string address) =>
        new() { ClusterId = id, Destinations = new System.Collections.Generic.Dictionary<string, DestinationConfig> { ["d"] = new() { Address = address } } };

    private static async Task<WebApplication> BackendAsync()
    {
        var backend = AppBuilder.Create().Build();
        backend.MapFallback((HttpContext context) => $"{context.Request.Path} via {context.Request.Headers["X-Via"]}");
        await backend.StartAsync().Within();
        return backend;
    }
}
