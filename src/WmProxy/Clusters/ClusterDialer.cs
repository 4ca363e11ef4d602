using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.Diagnostics;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Clusters;

/// <summary>
/// Dials on YARP's state: the cluster's available destinations, its load-balancing policy, its passive health. A failed attempt is followed by
/// one on a destination that was not tried, chosen by the same policy. Where a cluster goes <see cref="ClusterVia"/> another, that one is dialled first, by
/// its own policy and health, for a connection to the destination.
/// </summary>
internal sealed partial class ClusterDialer : IClusterDialer
{
    private readonly IProxyStateLookup _clusters;
    private readonly LoadBalancer _loadBalancer;
    private readonly DestinationDialer _destinations;
    private readonly DestinationAddressCache _addresses;
    private readonly ILogger<ClusterDialer> _logger;

    public ClusterDialer(
        IProxyStateLookup clusters,
        LoadBalancer loadBalancer,
        DestinationDialer destinations,
        DestinationAddressCache addresses,
        ILogger<ClusterDialer> logger)
    {
        _clusters = clusters;
        _loadBalancer = loadBalancer;
        _destinations = destinations;
        _addresses = addresses;
        _logger = logger;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<DialResult> DialAsync(DialRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (request.Hops > ClusterVia.MaxHops)
        {
            return DialResult.Failed(ConnectionEndReason.NoDestination, $"there are more than {ClusterVia.MaxHops} clusters on the way; do they lead in a circle?");
        }

        if (!_clusters.TryGetCluster(request.ClusterId, out var cluster))
        {
            return DialResult.Failed(ConnectionEndReason.NoDestination, $"there is no cluster '{request.ClusterId}'");
        }

        var candidates = cluster.DestinationsState.AvailableDestinations;
        var last = ConnectResult.Failed(ConnectionEndReason.NoDestination, $"cluster '{cluster.ClusterId}' has no available destination");
        for (var attempt = 1; attempt <= Math.Max(1, request.ConnectAttempts); attempt++)
        {
            var destination = _loadBalancer.Pick(cluster, candidates, request.ClientAddress);
            if (destination is null)
            {
                break;
            }

            // Counted from here on, so that a burst of connections spreads before the first of them is through.
            var lease = new DestinationLease(cluster, destination);
            var isConnected = false;
            try
            {
                var result = await ConnectAsync(cluster, destination, lease, request, cancellationToken);
                if (result.IsConnected)
                {
                    isConnected = true;
                    return DialResult.Connected(result.Stream, lease);
                }

                last = ConnectResult.Failed(result.Failure, $"destination '{destination.DestinationId}': {result.Error}", result.Fault) with { Code = result.Code };
                Log.ConnectFailed(_logger, cluster.ClusterId, destination.DestinationId, attempt, result.Error);
            }
            finally
            {
                if (!isConnected)
                {
                    lease.Dispose();
                }
            }

            if (last.Fault is ConnectFault.Target or ConnectFault.Way)
            {
                // The next one would say the same.
                break;
            }

            candidates = Without(candidates, destination);
        }

        return DialResult.Failed(last.Failure, last.Error!) with { Fault = last.Fault, Code = last.Code };
    }

    private static IReadOnlyList<DestinationState> Without(IReadOnlyList<DestinationState> candidates, DestinationState tried)
    {
        var rest = new List<DestinationState>(candidates.Count);
        rest.AddRange(candidates.Where(candidate => !ReferenceEquals(candidate, tried)));
        return rest;
    }

    private static ConnectResult Describe(string via, DialResult way)
    {
        // What lies behind the parents of the way is, to them, the target.
        var fault = way.Fault switch
        {
            ConnectFault.Target => ConnectFault.Destination,
            ConnectFault.Unknown or ConnectFault.Local => way.Fault,
            _ => ConnectFault.Way,
        };
        return ConnectResult.Failed(way.Failure, $"via cluster '{via}': {way.Error}", fault) with { Code = way.Code };
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ConnectResult> ConnectAsync(
        ClusterState cluster,
        DestinationState destination,
        DestinationLease lease,
        DialRequest request,
        CancellationToken cancellationToken)
    {
        if (ClusterVia.Of(cluster.Model.Config) is not { } via)
        {
            return await _destinations.ConnectAsync(cluster, destination, request, null, cancellationToken);
        }

        var (address, addressError) = _addresses.Get(destination.Model);
        if (address is null)
        {
            return ConnectResult.Failed(ConnectionEndReason.ConnectFailed, addressError!);
        }

        var way = await DialAsync(
            request with { ClusterId = via, Target = ClusterVia.TargetOf(address), GreetsOnly = false, Preface = default, Hops = request.Hops + 1 },
            cancellationToken);
        if (!way.IsConnected)
        {
            var result = Describe(via, way);
            _destinations.Report(cluster, destination, result);
            return result;
        }

        lease.Way = way.Lease;
        return await _destinations.ConnectAsync(cluster, destination, request, way.Stream, cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventIds.ConnectFailed,
            LogLevel.Debug,
            "Attempt {attempt} at cluster '{clusterId}', destination '{destinationId}' failed: {error}",
            EventName = nameof(ConnectFailed))]
        public static partial void ConnectFailed(ILogger logger, string clusterId, string destinationId, int attempt, string error);
    }
}
