using System;
using System.Collections.Generic;
using System.Linq;
using WmProxy.Configuration.Values;
using WmProxy.Connectors;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Configuration.Validation;

/// <summary>Where a stream's bytes go: exactly one of <c>ClusterId</c> and <c>To</c>, and either must lead somewhere.</summary>
internal static class StreamTargetValidator
{
    public static void Validate(WmProxyConfig config, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        var clusterIds = context.Clusters.Select(cluster => cluster.ClusterId).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var stream in config.Streams.Values)
        {
            if (stream.ClusterId is null && stream.To.Count == 0)
            {
                errors.Add(ConfigKeyPath.Stream(stream.StreamId, "ClusterId"), "is required, or 'To' with the addresses of the destinations");
            }
            else if (stream.ClusterId is not null && stream.To.Count > 0)
            {
                errors.Add(ConfigKeyPath.Stream(stream.StreamId, "To"), "stands beside 'ClusterId'; keep one of them");
            }

            ValidateClusterId(stream, clusterIds, errors);
            ValidateTo(stream, clusterIds, errors);
        }

        ValidateDestinations(config, context.Clusters, isUdp: false, errors);
        ValidateDestinations(config, context.Clusters, isUdp: true, errors);
    }

    private static void ValidateClusterId(StreamConfig stream, HashSet<string> clusterIds, ConfigErrorCollector errors)
    {
        if (stream.ClusterId is { } id && !clusterIds.Contains(id))
        {
            errors.Add(
                ConfigKeyPath.Stream(stream.StreamId, "ClusterId"),
                $"there is no cluster {QuotedText.Quote(id)} under ReverseProxy:Clusters; {NearestName.Proposal(id, clusterIds, "clusters")}");
        }
    }

    private static void ValidateTo(StreamConfig stream, HashSet<string> clusterIds, ConfigErrorCollector errors)
    {
        var path = ConfigKeyPath.Stream(stream.StreamId, "To");
        if (stream.To.Count > 0 && clusterIds.Contains(stream.StreamId))
        {
            errors.Add(path, $"makes a cluster named after the stream, and ReverseProxy:Clusters has a cluster '{stream.StreamId}' already; name it with 'ClusterId' or rename the stream");
        }

        for (var i = 0; i < stream.To.Count; i++)
        {
            // Without an address to listen on, which is an error already, both kinds are good.
            var isUdp = stream.Listen.Count > 0 ? stream.IsUdp : DestinationSyntax.SchemeOf(stream.To[i]) == DestinationAddress.UdpScheme;
            if (DestinationSyntax.FindError(stream.To[i], isUdp) is { } error)
            {
                errors.Add(ConfigKeyPath.Item(path, i), error);
            }
        }
    }

    private static void ValidateDestinations(WmProxyConfig config, IReadOnlyList<ClusterConfig> clusters, bool isUdp, ConfigErrorCollector errors)
    {
        var used = config.Streams.Values.Where(stream => stream.Listen.Count > 0 && stream.IsUdp == isUdp).Select(stream => stream.ClusterId).OfType<string>().ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var cluster in clusters.Where(cluster => used.Contains(cluster.ClusterId)))
        {
            foreach (var (id, destination) in cluster.Destinations ?? new Dictionary<string, DestinationConfig>())
            {
                if (DestinationSyntax.FindError(destination.Address, isUdp) is { } error)
                {
                    errors.Add(ConfigKeyPath.Of("ReverseProxy", "Clusters", cluster.ClusterId, "Destinations", id, "Address"), $"{error} ({(isUdp ? "a UDP stream" : "a stream")} uses this cluster)");
                }
            }
        }
    }
}
