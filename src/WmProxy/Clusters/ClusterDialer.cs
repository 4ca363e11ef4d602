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
/// one on a destination that was not tried, chosen by the same policy.
/// </summary>
internal sealed partial class ClusterDialer : IClusterDialer
{
    private readonly IProxyStateLookup _clusters;
    private readonly LoadBalancer _loadBalancer;
    private readonly ConnectorTable _connectors;
    private readonly DestinationAddressCache _addresses;
    private readonly PassiveHealthReporter _passiveHealth;
    private readonly ConnectDeadlines _deadlines;
    private readonly ConnectMetrics _metrics;
    private readonly ILogger<ClusterDialer> _logger;

    public ClusterDialer(
        IProxyStateLookup clusters,
        LoadBalancer loadBalancer,
        ConnectorTable connectors,
        DestinationAddressCache addresses,
        PassiveHealthReporter passiveHealth,
        ConnectDeadlines deadlines,
        ConnectMetrics metrics,
        ILogger<ClusterDialer> logger)
    {
        _clusters = clusters;
        _loadBalancer = loadBalancer;
        _connectors = connectors;
        _addresses = addresses;
        _passiveHealth = passiveHealth;
        _deadlines = deadlines;
        _metrics = metrics;
        _logger = logger;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<DialResult> DialAsync(DialRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!_clusters.TryGetCluster(request.ClusterId, out var cluster))
        {
            return DialResult.Failed(ConnectionEndReason.NoDestination, $"there is no cluster '{request.ClusterId}'");
        }

        var candidates = cluster.DestinationsState.AvailableDestinations;
        var failure = ConnectionEndReason.NoDestination;
        var error = $"cluster '{cluster.ClusterId}' has no available destination";
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
                var result = await ConnectAsync(cluster, destination, request, cancellationToken);
                if (result.IsConnected)
                {
                    isConnected = true;
                    return DialResult.Connected(result.Stream, lease);
                }

                failure = result.Failure;
                error = $"destination '{destination.DestinationId}': {result.Error}";
                Log.ConnectFailed(_logger, cluster.ClusterId, destination.DestinationId, attempt, result.Error);
            }
            finally
            {
                if (!isConnected)
                {
                    lease.Dispose();
                }
            }

            candidates = Without(candidates, destination);
        }

        return DialResult.Failed(failure, error);
    }

    private static IReadOnlyList<DestinationState> Without(IReadOnlyList<DestinationState> candidates, DestinationState tried)
    {
        var rest = new List<DestinationState>(candidates.Count);
        rest.AddRange(candidates.Where(candidate => !ReferenceEquals(candidate, tried)));
        return rest;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ConnectResult> ConnectAsync(
        ClusterState cluster,
        DestinationState destination,
        DialRequest request,
        CancellationToken cancellationToken)
    {
        var (address, addressError) = _addresses.Get(destination.Model);
        if (address is null)
        {
            return ConnectResult.Failed(ConnectionEndReason.ConnectFailed, addressError!);
        }

        if (!_connectors.TryGet(address.Scheme, out var connector))
        {
            return ConnectResult.Failed(ConnectionEndReason.ConnectFailed, $"nothing here dials '{address.Scheme}'");
        }

        var start = _metrics.Start();
        var tls = TlsClientOptions.Of(cluster.Model.Config.HttpClient);
        var result = await ConnectAsync(connector, new ConnectRequest { Address = address, Preface = request.Preface, Tls = tls, Beside = request.Beside }, request.ConnectTimeout, cancellationToken);
        _metrics.Record(start, cluster.ClusterId, result.Failure);
        if (!result.IsLocalFailure)
        {
            _passiveHealth.Report(cluster, destination, result.Failure);
        }

        return result;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ConnectResult> ConnectAsync(
        IConnector connector,
        ConnectRequest request,
        TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        var deadline = _deadlines.Rent();
        var registration = cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), deadline);
        try
        {
            var connecting = connector.ConnectAsync(request, deadline.Token);
            if (!connecting.IsCompleted)
            {
                // Started only now: connecting on loopback is over by the time it returns, and needs no timer.
                deadline.CancelAfter(timeout);
            }

            return await connecting;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ConnectResult.Failed(ConnectionEndReason.ConnectTimeout, $"{request.Address}: no answer within {timeout.TotalSeconds} s");
        }
        catch (OperationCanceledException)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        finally
        {
            // Before the source is used again: a late cancellation must not hit the next attempt.
            await registration.DisposeAsync();
            _deadlines.Return(deadline);
        }
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
