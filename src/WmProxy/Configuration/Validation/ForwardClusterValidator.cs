using System;
using System.Collections.Generic;
using System.Linq;
using WmProxy.Configuration.Values;
using WmProxy.Connectors;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Configuration.Validation;

/// <summary>Clusters that forward proxies go through: they are there, and have parent proxies in them.</summary>
internal static class ForwardClusterValidator
{
    public static void Validate(string path, string? clusterId, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        if (clusterId is null)
        {
            return;
        }

        var cluster = context.Clusters.FirstOrDefault(cluster => cluster.ClusterId.Equals(clusterId, StringComparison.OrdinalIgnoreCase));
        if (cluster is null)
        {
            errors.Add(
                path,
                $"there is no cluster {QuotedText.Quote(clusterId)} under ReverseProxy:Clusters; {NearestName.Proposal(clusterId, [.. context.Clusters.Select(other => other.ClusterId)], "clusters")}");
            return;
        }

        foreach (var (id, destination) in cluster.Destinations ?? new Dictionary<string, DestinationConfig>())
        {
            if (!DestinationAddress.IsParentScheme(DestinationSyntax.SchemeOf(destination.Address ?? "")))
            {
                errors.Add(path, $"the cluster '{cluster.ClusterId}' has the destination '{id}' at {QuotedText.Quote(destination.Address ?? "")}, which is no parent proxy; those are 'socks5://host:port', 'socks5+tls://host:port', 'http+connect://host:port' and 'https+connect://host:port'");
            }
        }
    }
}
