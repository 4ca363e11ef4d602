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
        var path = $"Clusters:{cluster.ClusterId}";
        foreach (var (id, destination) in cluster.Destinations ?? new Dictionary<string, DestinationConfig>())
        {
            var destinationPath = $"{path}:Destinations:{id}";
            ValidateAddress(destination.Address, $"{destinationPath}:Address", errors);
            ValidateAddress(destination.Health, $"{destinationPath}:Health", errors);
            if (!DestinationWeight.TryRead(destination, out _))
            {
                Add(
                    errors,
                    $"{destinationPath}:Metadata:{DestinationWeight.MetadataKey}",
                    $"'{destination.Metadata![DestinationWeight.MetadataKey]}' is not a whole number from 0 to {DestinationWeight.Max}");
            }
        }

        if (!ConnectFailuresHealthPolicy.TryReadThreshold(cluster.Metadata, out _))
        {
            Add(
                errors,
                $"{path}:Metadata:{ConnectFailuresHealthPolicy.ThresholdMetadataKey}",
                $"'{cluster.Metadata![ConnectFailuresHealthPolicy.ThresholdMetadataKey]}' is not a whole number of at least 1");
        }

        foreach (var key in new[] { ProbeDialogue.SendMetadataKey, ProbeDialogue.ExpectMetadataKey })
        {
            if (!ProbeDialogue.TryRead(cluster.Metadata, key, out _, out var error))
            {
                Add(errors, $"{path}:Metadata:{key}", error);
            }
        }

        return ValueTask.CompletedTask;
    }

    private static void ValidateAddress(string? address, string path, IList<Exception> errors)
    {
        // Other schemes are for others to judge.
        if (!string.IsNullOrEmpty(address)
            && DestinationAddress.GetScheme(address) is "tcp" or "tls" or "unix"
            && !DestinationAddress.TryParse(address, null, out _, out var error))
        {
            Add(errors, path, error);
        }
    }

    private static void Add(IList<Exception> errors, string path, string message) => errors.Add(new ArgumentException($"{path}: {message}."));
}
