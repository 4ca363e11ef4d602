using System.Net;
using WmProxy.Connectors;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Clusters;

/// <summary>The cluster of parent proxies through which the destinations of another one are reached: <c>Via</c> in its metadata.</summary>
internal static class ClusterVia
{
    public const string MetadataKey = "Via";

    /// <summary>How many clusters of parents one connection passes at most. A host's own configuration could lead in a circle.</summary>
    public const int MaxHops = 8;

    /// <summary>The id of the cluster on the way; <see langword="null"/> for none.</summary>
    public static string? Of(ClusterConfig cluster) =>
        cluster.Metadata is { } metadata && metadata.TryGetValue(MetadataKey, out var via) && via.Length > 0 ? via : null;

    /// <summary>What the last parent on the way is asked for.</summary>
    public static ForwardTarget TargetOf(DestinationAddress address) => new(address.Host, (address.EndPoint as IPEndPoint)?.Address, address.Port);
}
