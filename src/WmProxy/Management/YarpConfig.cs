using System.Collections.Generic;
using System.Threading;
using Microsoft.Extensions.Primitives;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Management;

/// <summary>The routes and clusters that WmProxy gives to YARP, until the next ones are published.</summary>
internal sealed class YarpConfig : IProxyConfig
{
    private readonly CancellationTokenSource _changed = new();

    public YarpConfig(IReadOnlyList<RouteConfig> routes, IReadOnlyList<ClusterConfig> clusters)
    {
        Routes = routes;
        Clusters = clusters;
        ChangeToken = new CancellationChangeToken(_changed.Token);
    }

    public IReadOnlyList<RouteConfig> Routes { get; }

    public IReadOnlyList<ClusterConfig> Clusters { get; }

    public IChangeToken ChangeToken { get; }

    public void SignalChange() => _changed.Cancel();
}
