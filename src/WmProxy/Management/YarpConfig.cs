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
        // A list of its own, by which this configuration is known again: YARP wraps configurations with resolved destinations, and of those only the
        // routes stay the same object.
        Routes = new List<RouteConfig>(routes);
        Clusters = clusters;
        ChangeToken = new CancellationChangeToken(_changed.Token);
    }

    public IReadOnlyList<RouteConfig> Routes { get; }

    public IReadOnlyList<ClusterConfig> Clusters { get; }

    public IChangeToken ChangeToken { get; }

    /// <summary>Whether <paramref name="other"/> is this configuration, or YARP's wrapper around it.</summary>
    public bool IsShownBy(IProxyConfig other) => ReferenceEquals(other.Routes, Routes);

    public void SignalChange() => _changed.Cancel();
}
