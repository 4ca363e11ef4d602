using System;
using System.Linq;
using System.Net.Http;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WmProxy.Clusters;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Tests.Clusters;

public sealed class HttpForwardingTests
{
    [Theory]
    [InlineData(WmProxyLoadBalancingPolicies.ClientIpHash, 1)]
    [InlineData(WmProxyLoadBalancingPolicies.WeightedRoundRobin, 2)]
    public async Task SendAsync_HttpRoute_IsForwardedByOurPolicies(string policy, int destinationCount)
    {
        await using var first = await StartAsync(app => app.MapGet("/", () => "first"));
        await using var second = await StartAsync(app => app.MapGet("/", () => "second"));
        var cluster = ClusterHost.Cluster(first.Urls.Single(), second.Urls.Single()) with { LoadBalancingPolicy = policy };
        var route = new RouteConfig { RouteId = "r", ClusterId = "c", Match = new RouteMatch { Path = "/{**path}" } };
        await using var proxy = await StartAsync(
            app => app.MapReverseProxy(),
            services => services.AddWmProxyClusters().AddReverseProxy().LoadFromMemory([route], [cluster]));
        using var client = new HttpClient();
        var answers = new string[6];
        for (var i = 0; i < answers.Length; i++)
        {
            answers[i] = await client.GetStringAsync(proxy.Urls.Single()).WaitAsync(TimeSpan.FromSeconds(20));
        }

        Assert.Equal(destinationCount, answers.Distinct().Count());
        Assert.All(answers, answer => Assert.Contains(answer, new[] { "first", "second" }));
    }

    private static async Task<WebApplication> StartAsync(Action<WebApplication> map, Action<IServiceCollection>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        configure?.Invoke(builder.Services);
        var app = builder.Build();
        map(app);
        await app.StartAsync();
        return app;
    }
}
