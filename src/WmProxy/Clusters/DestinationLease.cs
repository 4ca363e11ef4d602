using System;
using System.Threading;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Clusters;

/// <summary>One connection's place in its destination's count; disposing it, once or more, gives the place back.</summary>
internal sealed class DestinationLease : IDisposable
{
    private DestinationConnections? _connections;

    public DestinationLease(ClusterState cluster, DestinationState destination)
    {
        Cluster = cluster;
        Destination = destination;
        _connections = DestinationConnections.Of(destination);
        _connections.Add(1);
    }

    public ClusterState Cluster { get; }

    public DestinationState Destination { get; }

    /// <summary>The place at the last parent proxy on the way to the destination, which has that of the one before it; given back with this one.</summary>
    public DestinationLease? Way { get; set; }

    public void Dispose()
    {
        Interlocked.Exchange(ref _connections, null)?.Add(-1);
        Way?.Dispose();
    }
}
