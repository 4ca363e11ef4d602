using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.Diagnostics;
using WmProxy.ForwardProxy;
using WmProxy.Listeners;
using WmProxy.Relay;

namespace WmProxy.Socks;

/// <summary>
/// BIND (RFC 1928 section 4): waits for one connection from the peer that the client names, as an FTP server makes it. Rules and guard judge the peer's
/// address; whoever else connects is reset, and the wait goes on.
/// </summary>
internal sealed partial class SocksBind
{
    // The time that the specification of SOCKS 4 gives for it.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly IForwardDialer _dialer;
    private readonly IRelayEngine _engine;
    private readonly ConnectionTable _connections;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<SocksBind> _logger;

    public SocksBind(IForwardDialer dialer, IRelayEngine engine, ConnectionTable connections, TimeProvider timeProvider, ILogger<SocksBind> logger)
    {
        _dialer = dialer;
        _engine = engine;
        _connections = connections;
        _timeProvider = timeProvider;
        _logger = logger;
    }

    public async Task RunAsync(SocksClient client, ForwardTarget target)
    {
        var request = client.Ask(ForwardCommand.Bind, target);
        ForwardVerdict verdict;
        try
        {
            verdict = await _dialer.JudgeAsync(client.Proxy, request, _connections.Aborting);
        }
        catch (OperationCanceledException) when (_connections.Aborting.IsCancellationRequested)
        {
            client.State.TryEnd(ConnectionEndReason.Shutdown);
            return;
        }

        if (!verdict.IsAllowed)
        {
            await client.RefuseAsync(verdict.Refusal, verdict.Refusal.ToEndReason(), verdict.Error);
        }
        else if (verdict.ClusterId is not null)
        {
            await client.RefuseAsync(Socks5Reply.CommandNotSupported, ConnectionEndReason.DestinationDenied, "BIND does not go through parent proxies.");
        }
        else if (target.Address is { } address && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)))
        {
            await client.RefuseAsync(Socks5Reply.NotAllowed, ConnectionEndReason.DestinationDenied, "BIND needs the address of the peer.");
        }
        else if (TryListen(verdict.Addresses, out var error) is { } listener)
        {
            using (listener)
            {
                await ServeAsync(client, request, verdict, listener);
            }
        }
        else
        {
            await client.RefuseAsync(Socks5Reply.GeneralFailure, ConnectionEndReason.ConnectFailed, error);
        }
    }

    /// <summary>Listens on the address by which the peer is reached, since it is there that the peer will connect to.</summary>
    private static Socket? TryListen(IReadOnlyList<IPAddress> peers, out string? error)
    {
        error = "The peer has no address.";
        foreach (var peer in peers)
        {
            Socket? listener = null;
            try
            {
                using var route = new Socket(peer.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
                route.Connect(new IPEndPoint(peer, 9));
                listener = new Socket(peer.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                DescriptorReserve.ThrowIfTouchedBy(listener);
                listener.Bind(new IPEndPoint(((IPEndPoint)route.LocalEndPoint!).Address, 0));
                listener.Listen(4);
                return listener;
            }
            catch (SocketException ex)
            {
                listener?.Dispose();
                error = $"{peer}: {ex.Message}";
            }
        }

        return null;
    }

    private async Task ServeAsync(SocksClient client, ForwardRequest request, ForwardVerdict verdict, Socket listener)
    {
        var (state, proxy) = (client.State, client.Proxy);
        Log.BindListening(_logger, state.Id, listener.LocalEndPoint, state.Target);
        using var patience = new CancellationTokenSource(Patience, _timeProvider);
        if (!await client.TryGrantAsync(listener.LocalEndPoint))
        {
            return;
        }

        var (socket, error) = await WaitForPeerAsync(client, verdict.Addresses, listener, patience.Token);

        // One connection, and no more.
        listener.Dispose();
        if (socket is null)
        {
            if (state.EndReason == ConnectionEndReason.None)
            {
                await client.RefuseAsync(Socks5Reply.TtlExpired, ConnectionEndReason.ConnectTimeout, error);
            }

            return;
        }

        await using var upstream = new SocketTransportStream(socket);
        using var bandwidth = verdict.Rule?.Bandwidth?.Rent(client.Address);
        var remote = RemoteOf(socket);
        using var live = proxy.Track(request, remote?.Address, client.Revoke);
        if (!await client.TryGrantAsync(remote))
        {
            upstream.Abort();
            return;
        }

        var session = new RelaySession(client.Stream, upstream, bandwidth);
        state.StartRelay(session, proxy.IdleTicks, proxy.HalfCloseTicks, _timeProvider.GetTimestamp());
        state.TryEnd(await _engine.RelayAsync(session));
    }

    private async ValueTask<(Socket? Peer, string? Error)> WaitForPeerAsync(
        SocksClient client, IReadOnlyList<IPAddress> peers, Socket listener, CancellationToken patience)
    {
        await using var watch = new SocksClientWatch(client, patience, _connections.Aborting);
        watch.Start(mayHaveSaidAll: false);
        Socket? peer = null;
        try
        {
            while (peer is null)
            {
                peer = await listener.AcceptAsync(watch.Token);
                if (RemoteOf(peer) is not { } remote || !Contains(peers, remote.Address))
                {
                    Log.BindPeerRefused(_logger, client.State.Id, RemoteOf(peer), client.State.Target);
                    new SocketTransportStream(peer).Abort();
                    peer = null;
                }
            }

            peer.NoDelay = true;
            return (peer, null);
        }
        catch (Exception ex) when (ex is OperationCanceledException or SocketException)
        {
            peer?.Dispose();
            if (_connections.Aborting.IsCancellationRequested)
            {
                client.State.TryEnd(ConnectionEndReason.Shutdown);
            }

            return (null, ex is SocketException ? ex.Message : $"The peer did not connect within {Patience.TotalSeconds} s.");
        }
    }

    private static bool Contains(IReadOnlyList<IPAddress> peers, IPAddress address)
    {
        foreach (var peer in peers)
        {
            if (peer.Unmap().Equals(address.Unmap()))
            {
                return true;
            }
        }

        return false;
    }

    private static IPEndPoint? RemoteOf(Socket socket)
    {
        try
        {
            return (IPEndPoint?)socket.RemoteEndPoint.Unmap();
        }
        catch (SocketException)
        {
            // Reset already.
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.BindListening, LogLevel.Debug, "SOCKS connection {id} waits on {local} for '{target}'.", EventName = nameof(BindListening))]
        public static partial void BindListening(ILogger logger, long id, EndPoint? local, string? target);

        [LoggerMessage(EventIds.BindPeerRefused, LogLevel.Debug, "SOCKS connection {id}: {peer} connected and is not '{target}'.", EventName = nameof(BindPeerRefused))]
        public static partial void BindPeerRefused(ILogger logger, long id, EndPoint? peer, string? target);
    }
}
