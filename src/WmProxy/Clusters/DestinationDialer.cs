using System;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Connectors;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Clusters;

/// <summary>Connects to one destination once, within the time that it has, and tells passive health and metrics how that went.</summary>
internal sealed class DestinationDialer
{
    private readonly ConnectorTable _connectors;
    private readonly DestinationAddressCache _addresses;
    private readonly TlsClients _tls;
    private readonly PassiveHealthReporter _passiveHealth;
    private readonly ConnectDeadlines _deadlines;
    private readonly ConnectMetrics _metrics;

    public DestinationDialer(
        ConnectorTable connectors,
        DestinationAddressCache addresses,
        TlsClients tls,
        PassiveHealthReporter passiveHealth,
        ConnectDeadlines deadlines,
        ConnectMetrics metrics)
    {
        _connectors = connectors;
        _addresses = addresses;
        _tls = tls;
        _passiveHealth = passiveHealth;
        _deadlines = deadlines;
        _metrics = metrics;
    }

    /// <summary>Connects; <paramref name="through"/> as in <see cref="ConnectRequest.Through"/>.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ConnectResult> ConnectAsync(
        ClusterState cluster,
        DestinationState destination,
        DialRequest request,
        TransportStream? through,
        CancellationToken cancellationToken)
    {
        var (address, error) = _addresses.Get(destination.Model);
        if (address is null || !_connectors.TryGet(address.Scheme, out var connector))
        {
            return await RefuseAsync(through, error ?? $"nothing here dials '{address!.Scheme}'");
        }

        if (address.IsParent != (request.Target.HasValue || request.GreetsOnly))
        {
            // A client's bytes must not go to a server in the belief that it is the target, nor to a proxy that would take them for its own protocol.
            return await RefuseAsync(through, $"{address} {(address.IsParent ? "is a parent proxy, and there is nothing to ask it for" : "is no parent proxy")}");
        }

        var start = _metrics.Start();
        var result = await ConnectAsync(
            connector,
            new ConnectRequest
            {
                Address = address,
                Preface = request.Preface,
                Beside = request.Beside,
                SparesReserve = request.SparesReserve,
                Through = through,
                Target = request.Target,
                Progress = address.IsParent ? new ConnectProgress() : null,
                Tls = _tls.Get(cluster.Model, destination.Model),
            },
            request.ConnectTimeout,
            cancellationToken);
        _metrics.Record(start, cluster.ClusterId, result.Failure);
        Report(cluster, destination, result);
        return result;
    }

    /// <summary>Tells passive health what a result says of a destination, if anything.</summary>
    public void Report(ClusterState cluster, DestinationState destination, in ConnectResult result)
    {
        switch (result.Fault)
        {
            case ConnectFault.None or ConnectFault.Target:
                _passiveHealth.Report(cluster, destination, ConnectionEndReason.None);
                break;
            case ConnectFault.Destination:
                _passiveHealth.Report(cluster, destination, result.Failure);
                break;
        }
    }

    private static async ValueTask<ConnectResult> RefuseAsync(TransportStream? through, string error)
    {
        if (through is not null)
        {
            await through.DisposeAsync();
        }

        return ConnectResult.Failed(ConnectionEndReason.ConnectFailed, error);
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
            return ConnectResult.Failed(
                ConnectionEndReason.ConnectTimeout,
                $"{request.Address}: no answer within {timeout.TotalSeconds} s",
                request.Progress?.Fault ?? ConnectFault.Destination) with
            {
                Code = System.Net.Sockets.SocketError.TimedOut,
            };
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
}
