using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.Linq;
using Microsoft.AspNetCore.Http;
using WmProxy.Connections;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Clusters;

/// <summary>Tells the passive health policy of a cluster how connecting went.</summary>
internal sealed class PassiveHealthReporter
{
    private readonly FrozenDictionary<string, IPassiveHealthCheckPolicy> _policies;

    public PassiveHealthReporter(IEnumerable<IPassiveHealthCheckPolicy> policies) =>
        _policies = policies.ToDictionary(policy => policy.Name, StringComparer.OrdinalIgnoreCase).ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <param name="cluster">The cluster.</param>
    /// <param name="destination">The destination that was dialled.</param>
    /// <param name="failure"><see cref="ConnectionEndReason.None"/> for a success, else why there is no connection.</param>
    public void Report(ClusterState cluster, DestinationState destination, ConnectionEndReason failure)
    {
        var config = cluster.Model.Config.HealthCheck?.Passive;
        if (config?.Enabled is not true)
        {
            return;
        }

        var name = string.IsNullOrEmpty(config.Policy) ? HealthCheckConstants.PassivePolicy.TransportFailureRate : config.Policy;
        if (!_policies.TryGetValue(name, out var policy))
        {
            return;
        }

        if (policy is not ConnectFailuresHealthPolicy connectFailures)
        {
            // YARP's own reads the error feature and nothing else; one of the host's may read anything.
            var context = new DefaultHttpContext();
            if (failure != ConnectionEndReason.None)
            {
                context.Features.Set<IForwarderErrorFeature>(new ConnectErrorFeature(failure));
            }

            policy.RequestProxied(context, cluster, destination);
        }
        else if (failure == ConnectionEndReason.None)
        {
            connectFailures.Succeeded(cluster, destination);
        }
        else
        {
            connectFailures.Failed(cluster, destination);
        }
    }

    private sealed class ConnectErrorFeature : IForwarderErrorFeature
    {
        public ConnectErrorFeature(ConnectionEndReason failure) =>
            Error = failure == ConnectionEndReason.ConnectTimeout ? ForwarderError.RequestTimedOut : ForwarderError.Request;

        public ForwarderError Error { get; }

        public Exception? Exception => null;
    }
}
