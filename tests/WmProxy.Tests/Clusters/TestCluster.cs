using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Tests.Clusters;

/// <summary>Clusters without a configuration system.</summary>
internal static class TestCluster
{
    public static ClusterState Create(params DestinationState[] destinations)
    {
        var cluster = new ClusterState("c", new ClusterModel(new ClusterConfig { ClusterId = "c" }, new HttpMessageInvoker(new SocketsHttpHandler())));
        SetAvailable(cluster, destinations);
        return cluster;
    }

    public static IReadOnlyList<DestinationState> SetAvailable(ClusterState cluster, params DestinationState[] destinations)
    {
        cluster.DestinationsState = new ClusterDestinationsState(destinations.ToArray(), destinations.ToArray());
        return cluster.DestinationsState.AvailableDestinations;
    }

    public static DestinationState Destination(string id, string? weight = null) => new(id, new DestinationModel(new DestinationConfig
    {
        Address = "tcp://127.0.0.1:1",
        Metadata = weight is null ? null : new Dictionary<string, string> { ["Weight"] = weight },
    }));
}
