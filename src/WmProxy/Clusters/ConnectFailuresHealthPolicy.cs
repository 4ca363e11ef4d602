using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Threading;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Clusters;

/// <summary>
/// Passive health by connecting: so many failures in a row make a destination unhealthy for the cluster's <c>ReactivationPeriod</c>. The
/// first failure after that makes it unhealthy again; any success makes it healthy.
/// </summary>
internal sealed class ConnectFailuresHealthPolicy : IPassiveHealthCheckPolicy
{
    public const string PolicyName = "ConnectFailures";

    public const string ThresholdMetadataKey = "ConnectFailures.Threshold";

    public const int DefaultThreshold = 2;

    public static readonly TimeSpan DefaultReactivationPeriod = TimeSpan.FromSeconds(10);

    private readonly ConditionalWeakTable<DestinationState, StrongBox<int>> _failures = [];
    private readonly IDestinationHealthUpdater _healthUpdater;

    public ConnectFailuresHealthPolicy(IDestinationHealthUpdater healthUpdater) => _healthUpdater = healthUpdater;

    public string Name => PolicyName;

    /// <summary>Judges an HTTP request, so that the policy may be named by a cluster of HTTP routes too.</summary>
    public void RequestProxied(HttpContext context, ClusterState cluster, DestinationState destination)
    {
        var error = context.Features.Get<IForwarderErrorFeature>()?.Error ?? ForwarderError.None;
        switch (error)
        {
            case ForwarderError.None:
                Succeeded(cluster, destination);
                break;
            case ForwarderError.Request or ForwarderError.RequestTimedOut:
                Failed(cluster, destination);
                break;
        }
    }

    /// <summary>A connection was made.</summary>
    public void Succeeded(ClusterState cluster, DestinationState destination)
    {
        if (_failures.TryGetValue(destination, out var failures) && Volatile.Read(ref failures.Value) != 0)
        {
            Volatile.Write(ref failures.Value, 0);
            if (destination.Health.Passive == DestinationHealth.Unhealthy)
            {
                // Chosen although unhealthy, because every destination was.
                _healthUpdater.SetPassive(cluster, destination, DestinationHealth.Healthy, TimeSpan.Zero);
            }
        }
    }

    /// <summary>A connection could not be made.</summary>
    public void Failed(ClusterState cluster, DestinationState destination)
    {
        var config = cluster.Model.Config;
        if (!TryReadThreshold(config.Metadata, out var threshold))
        {
            threshold = DefaultThreshold;
        }

        var failures = _failures.GetValue(destination, static _ => new StrongBox<int>());
        if (Interlocked.Increment(ref failures.Value) >= threshold)
        {
            // Saturates, and stays above the threshold when the period is over: one more failure is enough then.
            Volatile.Write(ref failures.Value, threshold);
            var period = config.HealthCheck?.Passive?.ReactivationPeriod ?? DefaultReactivationPeriod;
            _healthUpdater.SetPassive(cluster, destination, DestinationHealth.Unhealthy, period);
        }
    }

    /// <summary>Reads the threshold, <see cref="DefaultThreshold"/> where none is set.</summary>
    /// <returns>Whether what is set is a whole number of at least 1.</returns>
    public static bool TryReadThreshold(IReadOnlyDictionary<string, string>? metadata, out int threshold)
    {
        threshold = DefaultThreshold;
        return metadata is null
            || !metadata.TryGetValue(ThresholdMetadataKey, out var text)
            || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out threshold) && threshold > 0);
    }
}
