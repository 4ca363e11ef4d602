using System.Collections.Generic;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.FunctionalTests.Hosting;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace WmProxy.FunctionalTests.Udp;

/// <summary>YARP's state of a cluster's destinations.</summary>
internal static class Destinations
{
    public static IReadOnlyDictionary<string, DestinationState> Of(ProxyHost host, string cluster) => Cluster(host, cluster).Destinations;

    /// <summary>Those that may be chosen; YARP takes one off a while after its health has changed.</summary>
    public static IReadOnlyList<DestinationState> AvailableOf(ProxyHost host, string cluster) => Cluster(host, cluster).DestinationsState.AvailableDestinations;

    private static ClusterState Cluster(ProxyHost host, string cluster)
    {
        Assert.True(host.Application.Services.GetRequiredService<IProxyStateLookup>().TryGetCluster(cluster, out var state));
        return state;
    }
}
