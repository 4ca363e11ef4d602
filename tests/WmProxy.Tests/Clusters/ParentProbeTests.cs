using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using WmProxy.Tests.Common;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Tests.Clusters;

/// <summary>Probes of parent proxies, and through them.</summary>
public sealed class ParentProbeTests
{
    [Fact]
    public async Task CheckHealthAsync_SocksParents_AreWellWhenTheyGreet()
    {
        await using var well = new ScriptedPeer(script => script.Read(4).Write([5, 2]).Read(3 + 4 + 4).Write([1, 0]).ReadToEnd());
        await using var refusing = new ScriptedPeer(script => script.Read(4).Write([5, 2]).Read(3 + 4 + 4).Write([1, 1]).ReadToEnd());
        await using var web = new ScriptedPeer(script => script.Read(4).Write("HTTP/1.1 400 Bad Request\r\n\r\n").ReadToEnd());
        await using var host = ClusterHost.Create(Probed(
            "c", null, $"socks5://user:pass@{well.EndPoint}", $"socks5://user:pass@{refusing.EndPoint}", $"socks5://user:pass@{web.EndPoint}"));
        await host.ProbeAsync();
        Assert.Equal([DestinationHealth.Healthy, DestinationHealth.Unhealthy, DestinationHealth.Unhealthy], Health(host));
    }

    [Fact]
    public async Task CheckHealthAsync_HttpParents_AreWellWhenTheyAccept()
    {
        var refusing = Loopback.GetRefusingPort(out var reserved);
        using var listener = Loopback.Listen();
        using (reserved)
        {
            await using var host = ClusterHost.Create(Probed("c", null, $"http+connect://{listener.LocalEndPoint}", $"http+connect://127.0.0.1:{refusing}", $"https+connect://127.0.0.1:{refusing}"));
            await host.ProbeAsync();
            Assert.Equal([DestinationHealth.Healthy, DestinationHealth.Unhealthy, DestinationHealth.Unhealthy], Health(host));
        }
    }

    [Fact]
    public async Task CheckHealthAsync_BehindAParent_IsProbedThroughIt()
    {
        await using var parent = ParentServer.Start("http+connect");
        await using var echo = new EchoServer();
        var refusing = Loopback.GetRefusingPort(out var reserved);
        using (reserved)
        {
            await using var host = ClusterHost.Create(ClusterHost.Cluster("tcp://127.0.0.1:1"));
            var cluster = Probed("c", "p", echo.Address, $"tcp://127.0.0.1:{refusing}");
            await host.UpdateAsync(
                cluster with { Metadata = new Dictionary<string, string>(cluster.Metadata!) { ["HealthCheck.Send"] = "hi", ["HealthCheck.Expect"] = "hi" } },
                ClusterHost.Cluster(parent.ParentAddress) with { ClusterId = "p" });
            await host.ProbeAsync();
            Assert.Equal([DestinationHealth.Healthy, DestinationHealth.Unhealthy], Health(host));
            Assert.Contains($"127.0.0.1:{echo.Port}", parent.Requests);
            Assert.Equal(0, host.State("p").Destinations["a"].ConcurrentRequestCount);

            // The parent did what it was asked for.
            Assert.Equal(DestinationHealth.Unknown, host.State("p").Destinations["a"].Health.Passive);
        }
    }

    private static ClusterConfig Probed(string id, string? via, params string[] addresses)
    {
        var metadata = new Dictionary<string, string> { ["ConsecutiveFailuresHealthPolicy.Threshold"] = "1" };
        if (via is not null)
        {
            metadata["Via"] = via;
        }

        return ClusterHost.Cluster(addresses) with
        {
            ClusterId = id,
            HealthCheck = new HealthCheckConfig
            {
                Active = new ActiveHealthCheckConfig { Enabled = true, Interval = TimeSpan.FromHours(1), Timeout = TimeSpan.FromSeconds(10) },
            },
            Metadata = metadata,
        };
    }

    private static DestinationHealth[] Health(ClusterHost host) =>
        [.. host.State().Destinations.Values.OrderBy(destination => destination.DestinationId, StringComparer.Ordinal).Select(destination => destination.Health.Active)];
}
