using System;
using System.Threading;
using System.Threading.Tasks;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Transforms.Builder;

namespace WmProxy.FunctionalTests.Management;

/// <summary>Code of an application that throws, when told to, at one of the places where YARP calls it while it applies a configuration.</summary>
internal sealed class Moody(string place) : IProxyConfigFilter
{
    public bool IsBad { get; set; }

    public ValueTask<ClusterConfig> ConfigureClusterAsync(ClusterConfig cluster, CancellationToken cancel)
    {
        Throw("cluster-filter");
        return ValueTask.FromResult(cluster);
    }

    public ValueTask<RouteConfig> ConfigureRouteAsync(RouteConfig route, ClusterConfig? cluster, CancellationToken cancel)
    {
        Throw("route-filter");
        return ValueTask.FromResult(route);
    }

    /// <summary>Called when YARP has changed its clusters already.</summary>
    public void Transform(TransformBuilderContext context)
    {
        if (context.Route.RouteId == "r-two")
        {
            Throw("transform");
        }
    }

    private void Throw(string at)
    {
        if (IsBad && at == place)
        {
            throw new InvalidOperationException("not today");
        }
    }
}
