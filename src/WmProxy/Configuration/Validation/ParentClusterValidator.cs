using System;
using System.Collections.Generic;
using System.Linq;
using WmProxy.Clusters;
using WmProxy.Configuration.Values;
using WmProxy.Connectors;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Configuration.Validation;

/// <summary>Clusters of parent proxies have nothing else, and <c>Via</c> leads through such clusters, in no circle.</summary>
internal static class ParentClusterValidator
{
    public static void Validate(ConfigValidationContext context, ConfigErrorCollector errors)
    {
        var clusters = new Dictionary<string, ClusterConfig>(StringComparer.OrdinalIgnoreCase);
        foreach (var cluster in context.Clusters)
        {
            clusters.TryAdd(cluster.ClusterId, cluster);
        }

        foreach (var cluster in clusters.Values)
        {
            ValidateMixture(cluster, errors);
            ValidateProbes(cluster, errors);
            if (ClusterVia.Of(cluster) is { } via)
            {
                ValidateVia(cluster, via, clusters, errors);
            }
        }
    }

    /// <summary>What is wrong with <paramref name="cluster"/> as one of parent proxies; the addresses themselves are judged elsewhere.</summary>
    public static string? FindError(ClusterConfig cluster)
    {
        return Destinations(cluster).FirstOrDefault(destination => !IsParent(destination.Value)) is { Key: { } id, Value: var other }
            ? $"the cluster '{cluster.ClusterId}' has the destination '{id}', but {DestinationSyntax.FindParentError(other.Address ?? "")}"
            : null;
    }

    private static void ValidateMixture(ClusterConfig cluster, ConfigErrorCollector errors)
    {
        var destinations = Destinations(cluster);
        if (!destinations.Values.Any(IsParent))
        {
            return;
        }

        foreach (var (id, destination) in destinations.Where(destination => !IsParent(destination.Value)))
        {
            errors.Add(PathOf(cluster, "Destinations", id, "Address"), $"{QuotedText.Quote(destination.Address ?? "")} stands beside parent proxies; a cluster has either parents or other destinations");
        }
    }

    private static void ValidateProbes(ClusterConfig cluster, ConfigErrorCollector errors)
    {
        foreach (var key in new[] { ProbeDialogue.SendMetadataKey, ProbeDialogue.ExpectMetadataKey })
        {
            if (cluster.Metadata?.ContainsKey(key) == true && Destinations(cluster).Values.Any(IsParent))
            {
                errors.Add(PathOf(cluster, "Metadata", key), "has no meaning for parent proxies: a probe connects, and greets where they speak SOCKS");
            }
        }
    }

    private static void ValidateVia(ClusterConfig cluster, string via, Dictionary<string, ClusterConfig> clusters, ConfigErrorCollector errors)
    {
        var path = PathOf(cluster, "Metadata", ClusterVia.MetadataKey);
        if (Destinations(cluster).FirstOrDefault(destination => !IsBehindParents(destination.Value)) is { Key: { } id, Value: var unreachable })
        {
            errors.Add(path, $"no parent proxy reaches the destination '{id}' at {QuotedText.Quote(unreachable.Address ?? "")}; behind 'Via' are tcp://, tls:// and parent proxies");
        }

        if (!clusters.TryGetValue(via, out var next))
        {
            errors.Add(path, $"there is no cluster {QuotedText.Quote(via)} under ReverseProxy:Clusters; {NearestName.Proposal(via, clusters.Keys, "clusters")}");
            return;
        }

        if (FindError(next) is { } error)
        {
            errors.Add(path, error);
        }

        var way = new List<string> { cluster.ClusterId };
        for (var current = next; current is not null; current = ClusterVia.Of(current) is { } further ? clusters.GetValueOrDefault(further) : null)
        {
            var isCircle = way.Contains(current.ClusterId, StringComparer.OrdinalIgnoreCase);
            way.Add(current.ClusterId);
            if (isCircle)
            {
                errors.Add(path, $"leads in a circle: {string.Join(" → ", way)}");
                return;
            }
        }

        if (way.Count - 1 > ClusterVia.MaxHops)
        {
            errors.Add(path, $"leads through {way.Count - 1} clusters, more than {ClusterVia.MaxHops}: {string.Join(" → ", way)}");
        }
    }

    private static IReadOnlyDictionary<string, DestinationConfig> Destinations(ClusterConfig cluster) => cluster.Destinations ?? new Dictionary<string, DestinationConfig>();

    private static bool IsParent(DestinationConfig destination) => DestinationAddress.IsParentScheme(DestinationSyntax.SchemeOf(destination.Address ?? ""));

    private static bool IsBehindParents(DestinationConfig destination) =>
        DestinationSyntax.SchemeOf(destination.Address ?? "") is "tcp" or "tls" || IsParent(destination);

    private static string PathOf(ClusterConfig cluster, params string[] keys) => ConfigKeyPath.Of(["ReverseProxy", "Clusters", cluster.ClusterId, .. keys]);
}
