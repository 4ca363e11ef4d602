using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using WmProxy.Connectors;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Configuration.ClusterValidators;

namespace WmProxy.Clusters;

/// <summary>Reports what is wrong in those parts of a YARP cluster that have a meaning only here.</summary>
internal sealed class StreamClusterValidator : IClusterValidator
{
    public ValueTask ValidateAsync(ClusterConfig cluster, IList<Exception> errors)
    {
        foreach (var (id, destination) in cluster.Destinations ?? new Dictionary<string, DestinationConfig>())
        {
            var destinationPath = $"Destinations:{id}";
            ValidateAddress(cluster, destination.Address, $"{destinationPath}:Address", errors);
            ValidateAddress(cluster, destination.Health, $"{destinationPath}:Health", errors);
            if (!DestinationWeight.TryRead(destination, out _))
            {
                Add(
                    cluster,
                    $"{destinationPath}:Metadata:{DestinationWeight.MetadataKey}",
                    $"'{destination.Metadata![DestinationWeight.MetadataKey]}' is not a whole number from 0 to {DestinationWeight.Max}",
                    errors);
            }
        }

        if (!ConnectFailuresHealthPolicy.TryReadThreshold(cluster.Metadata, out _))
        {
            Add(
                cluster,
                $"Metadata:{ConnectFailuresHealthPolicy.ThresholdMetadataKey}",
                $"'{cluster.Metadata![ConnectFailuresHealthPolicy.ThresholdMetadataKey]}' is not a whole number of at least 1",
                errors);
        }

        foreach (var key in new[] { ProbeDialogue.SendMetadataKey, ProbeDialogue.ExpectMetadataKey })
        {
            if (!ProbeDialogue.TryRead(cluster.Metadata, key, out _, out var error))
            {
                Add(cluster, $"Metadata:{key}", error, errors);
            }
        }

        return ValueTask.CompletedTask;
    }

    private static void ValidateAddress(ClusterConfig cluster, string? address, string key, IList<Exception> errors)
    {
        // Other schemes are for others to judge.
        if (!string.IsNullOrEmpty(address)
            && DestinationAddress.GetScheme(address) is "tcp" or "tls" or "unix" or DestinationAddress.UdpScheme
            && !DestinationAddress.TryParse(address, null, out _, out var error))
        {
            Add(cluster, key, error, errors);
        }
    }

    private static void Add(ClusterConfig cluster, string key, string message, IList<Exception> errors) =>
        errors.Add(new ClusterErrorException(cluster.ClusterId, key, message));
}
