using System;
using System.Net;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Relay;

namespace WmProxy.ForwardProxy;

/// <summary>Carries a request for a connection out: dials, has the client told, relays. What CONNECT of HTTP and that of SOCKS share.</summary>
internal sealed class ForwardTunnel
{
    private readonly IForwardDialer _dialer;
    private readonly IRelayEngine _engine;
    private readonly ConnectionTable _connections;
    private readonly TimeProvider _timeProvider;

    public ForwardTunnel(IForwardDialer dialer, IRelayEngine engine, ConnectionTable connections, TimeProvider timeProvider)
    {
        _dialer = dialer;
        _engine = engine;
        _connections = connections;
        _timeProvider = timeProvider;
    }

    /// <summary>Runs to the end of the connection, which is recorded.</summary>
    /// <param name="connection">The client's.</param>
    /// <param name="proxy">The model that the request is judged by.</param>
    /// <param name="request">What the client asks for.</param>
    /// <param name="grant">Tells the client that it is connected, from which address; <see langword="false"/> when the client is gone.</param>
    /// <param name="refuse">Tells the client that it is not, and records that.</param>
    public async Task RunAsync(
        TransportConnectionContext connection, ForwardProxyModel proxy, ForwardRequest request, Func<EndPoint?, ValueTask<bool>> grant, Func<ForwardDialResult, ValueTask> refuse)
    {
        var state = connection.State;
        ForwardDialResult dialled;
        try
        {
            dialled = await _dialer.DialAsync(proxy, request, state.Accepted, _connections.Aborting);
        }
        catch (OperationCanceledException) when (_connections.Aborting.IsCancellationRequested)
        {
            state.TryEnd(ConnectionEndReason.Shutdown);
            return;
        }

        if (!dialled.IsConnected)
        {
            await refuse(dialled);
            return;
        }

        await using var upstream = dialled.Stream;
        using var lease = dialled.Lease;
        using var bandwidth = dialled.Rule.Bandwidth?.Rent(request.Client);

        // Before the client is told: what it hears of can be revoked.
        using var live = proxy.Track(request, dialled.Address, () => state.Abort(ConnectionEndReason.AccessRevoked));
        if (lease is not null)
        {
            (state.ClusterId, state.DestinationId) = (dialled.Rule.ClusterId, lease.Destination.DestinationId);
        }

        if (!await grant(upstream.GetLocalEndPoint()))
        {
            // Nothing was sent, and a destination that takes an end for a request must not see one.
            upstream.Abort();
            return;
        }

        var session = new RelaySession(connection.Stream, upstream, bandwidth);
        state.StartRelay(session, proxy.IdleTicks, proxy.HalfCloseTicks, _timeProvider.GetTimestamp());
        state.TryEnd(await _engine.RelayAsync(session));
    }
}
