using System;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.ForwardProxy;
using WmProxy.Relay;

namespace WmProxy.Socks;

/// <summary>CONNECT: dials, tells the client, relays.</summary>
internal sealed class SocksConnect
{
    private readonly IForwardDialer _dialer;
    private readonly IRelayEngine _engine;
    private readonly ConnectionTable _connections;
    private readonly TimeProvider _timeProvider;

    public SocksConnect(IForwardDialer dialer, IRelayEngine engine, ConnectionTable connections, TimeProvider timeProvider)
    {
        _dialer = dialer;
        _engine = engine;
        _connections = connections;
        _timeProvider = timeProvider;
    }

    public async Task RunAsync(SocksClient client, ForwardTarget target)
    {
        var (state, proxy) = (client.State, client.Proxy);
        var request = client.Ask(ForwardCommand.Connect, target);
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
            await client.RefuseAsync(dialled.Refusal, dialled.Failure, dialled.Error);
            return;
        }

        await using var upstream = dialled.Stream;
        using var lease = dialled.Lease;
        using var bandwidth = dialled.Rule.Bandwidth?.Rent(client.Address);
        using var live = proxy.Track(request, dialled.Address, client.Revoke);
        (state.ClusterId, state.DestinationId) = (dialled.Rule.ClusterId, lease?.Destination.DestinationId);
        if (!await client.TryGrantAsync(upstream.GetLocalEndPoint()))
        {
            // Nothing was sent, so that a destination which takes an end for a request must not see one.
            upstream.Abort();
            return;
        }

        var session = new RelaySession(client.Stream, upstream, bandwidth);
        state.StartRelay(session, proxy.IdleTicks, proxy.HalfCloseTicks, _timeProvider.GetTimestamp());
        state.TryEnd(await _engine.RelayAsync(session));
    }
}
