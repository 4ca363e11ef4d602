using System.Collections.Generic;
using System.Collections.ObjectModel;
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
        // A list of its own, even if empty: where YARP resolves destinations it hides this object behind one that has the same list.
        Routes = new ReadOnlyCollection<RouteConfig>([.. routes]);
        Clusters = clusters;
        ChangeToken = new CancellationChangeToken(_changed.Token);
    }

    public IReadOnlyList<RouteConfig> Routes { get; }

    public IReadOnlyList<ClusterConfig> Clusters { get; }

    public IChangeToken ChangeToken { get; }

    /// <summary>Whether <paramref name="config"/> is this one, or what YARP made of it by resolving destinations.</summary>
    public bool IsSame(IProxyConfig config) => ReferenceEquals(config.Routes, Routes);

    public void SignalChange() => _changed.Cancel();
}
