using System;
using System.Collections.Generic;
using System.Linq;
using WmProxy.Configuration.Values;
using WmProxy.Connectors;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Configuration.Validation;

/// <summary>HTTP routes lead to clusters that are there and that HTTP can reach.</summary>
internal static class RouteClusterValidator
{
    public static void Validate(WmProxyConfig config, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        var clusters = new Dictionary<string, ClusterConfig>(StringComparer.OrdinalIgnoreCase);
        foreach (var cluster in context.Clusters)
        {
            clusters.TryAdd(cluster.ClusterId, cluster);
        }

        foreach (var route in context.Routes)
        {
            if (route.ClusterId is not { } id)
            {
                continue;
            }

            var path = ConfigKeyPath.Of("ReverseProxy", "Routes", route.RouteId, "ClusterId");
            if (config.Streams.TryGetValue(id, out var stream) && stream.To.Count > 0 && !clusters.ContainsKey(id))
            {
                errors.Add(path, $"'{id}' is the cluster that the stream of this name makes with 'To', and HTTP cannot reach its destinations");
            }
            else if (clusters.TryGetValue(id, out var cluster))
            {
                ValidateDestinations(path, cluster, errors);
            }
            else if (context.IsStandalone)
            {
                errors.Add(path, $"there is no cluster {QuotedText.Quote(id)} under ReverseProxy:Clusters; {NearestName.Proposal(id, clusters.Keys, "clusters")}");
            }
        }
    }

    private static void ValidateDestinations(string path, ClusterConfig cluster, ConfigErrorCollector errors)
    {
        var foreign = cluster.Destinations?.FirstOrDefault(destination => DestinationSyntax.IsBeyondHttp(DestinationSyntax.SchemeOf(destination.Value.Address ?? "")));
        if (foreign is { Value: not null })
        {
            var reason = DestinationAddress.IsParentScheme(DestinationSyntax.SchemeOf(foreign.Value.Value.Address)) ? "a parent proxy, which only forward proxies and 'Via' use" : "which HTTP cannot reach";
            errors.Add(path, $"the cluster '{cluster.ClusterId}' has the destination '{foreign.Value.Key}' at {QuotedText.Quote(foreign.Value.Value.Address)}, {reason}; an HTTP route needs http:// or https:// destinations");
        }
    }
}
