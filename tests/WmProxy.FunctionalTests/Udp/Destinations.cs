using System.Collections.Generic;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.FunctionalTests.Hosting;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace WmProxy.FunctionalTests.Udp;

/// <summary>YARP's state of a cluster's destinations.</summary>
internal static class Destinations
{
    public static IReadOnlyDictionary<string, DestinationState> Of(ProxyHost host, string cluster)
    {
        Assert.True(host.Application.Services.GetRequiredService<IProxyStateLookup>().TryGetCluster(cluster, out var state));
        return state.Destinations;
    }
}
