using System;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Connectors;

namespace WmProxy.Udp.Portable;

/// <summary>
/// A listening socket and its sessions on .NET's asynchronous sockets. One loop receives from the clients, one for each session from its destination, which
/// holds no buffer while it waits.
/// </summary>
internal sealed class PortableUdpReceiver : IUdpReceiver
{
    private const int MaxDatagram = 65536;
    private const int MaxWaiting = 16;
    private const int MaxRepliesPerTurn = 32;

    [ThreadStatic]
    private static byte[]? _threadBuffer;

    private readonly UdpListener _listener;
    private readonly UdpSessions _decisions;
    private readonly Socket _socket;
    private readonly bool _hasLocal;
    private readonly ReplySender _replies;
    private readonly ConcurrentDictionary<UdpSessionKey, PortableUdpSession> _sessions = new();
    private readonly ConcurrentDictionary<PortableUdpSession, bool> _all = new();

    public PortableUdpReceiver(UdpListener listener, UdpSessions decisions, Socket socket)
    {
        (_listener, _decisions, _socket) = (listener, decisions, socket);
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
        _hasLocal = EndPoint.Address.Equals(IPAddress.IPv6Any) || EndPoint.Address.Equals(IPAddress.Any);
        _replies = new ReplySender(socket, _hasLocal);
    }

    public IPEndPoint EndPoint { get; }

    public void Start() => _ = ReceiveLoopAsync();

    public void Close()
    {
        _socket.Dispose();
        foreach (var (session, _) in _all)
        {
            End(session, ConnectionEndReason.Drained);
        }
    }

    /// <summary>Ends a session, whose state may have the reason already. From any thread.</summary>
    public void End(PortableUdpSession session, ConnectionEndReason reason = ConnectionEndReason.Completed)
    {
        Unbind(session);
        _all.TryRemove(session, out _);
        lock (session.Lock)
        {
            session.Socket?.Dispose();
            _decisions.End(session.Session, reason);
        }
    }

    private static byte[] ThreadBuffer => _threadBuffer ??= GC.AllocateUninitializedArray<byte>(MaxDatagram, pinned: true);

    private async Task ReceiveLoopAsync()
    {
        var buffer = GC.AllocateUninitializedArray<byte>(MaxDatagram, pinned: true);
        var address = new SocketAddress(_socket.AddressFamily);
        var any = new IPEndPoint(_socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (true)
        {
            try
            {
                int count;
                UdpSessionKey key;
                if (_hasLocal)
                {
                    var received = await _socket.ReceiveMessageFromAsync(buffer, SocketFlags.None, any);
                    count = received.ReceivedBytes;
                    key = KeyOf((IPEndPoint)received.RemoteEndPoint, received.PacketInformation);
                    if ((received.SocketFlags & SocketFlags.Truncated) != 0)
                    {
                        Drop(UdpDropReason.Truncated);
                        continue;
                    }
                }
                else
                {
                    count = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, address);
                    if (!UdpSessionKey.TryCreate(address.Family, address.Buffer.Span[..address.Size], default, 0, out key))
                    {
                        continue;
                    }
                }

                Dispatch(key, buffer.AsSpan(0, count));
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException ex) when (ex.SocketErrorCode == SocketError.OperationAborted)
            {
                // Closed; the next attempt says so.
            }
            catch (SocketException ex) when (ex.SocketErrorCode == SocketError.MessageSize)
            {
                Drop(UdpDropReason.Truncated);
            }
            catch (SocketException)
            {
                // What became of something sent earlier (WSAECONNRESET on Windows): nothing that ends a listener.
                await Task.Yield();
            }
        }
    }

    private static UdpSessionKey KeyOf(IPEndPoint client, IPPacketInformation information) => new(
        ToBytes(client.Address), (ushort)client.Port,
        client.AddressFamily == AddressFamily.InterNetworkV6 && client.Address.IsIPv6LinkLocal ? (uint)client.Address.ScopeId : 0,
        information.Address is { } local ? ToBytes(local) : default, information.Interface);

    private static UInt128 ToBytes(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.MapToIPv6().TryWriteBytes(bytes, out _);
        return MemoryMarshal.Read<UInt128>(bytes);
    }

    private void Dispatch(in UdpSessionKey key, ReadOnlySpan<byte> datagram)
    {
        // One that ended in this very moment is replaced by a new one.
        for (var attempt = 0; attempt < 2; attempt++)
        {
            if (!_sessions.TryGetValue(key, out var session) && (session = Open(key)) is null)
            {
                return;
            }

            lock (session.Lock)
            {
                if (!session.Session.HasEnded)
                {
                    Forward(session, datagram);
                    return;
                }
            }

            Unbind(session);
        }
    }

    private PortableUdpSession? Open(in UdpSessionKey key)
    {
        var session = new PortableUdpSession(this);
        if (!_listener.IsOpen || _decisions.TryOpen(_listener.Model, key, EndPoint, session) is not { } state)
        {
            return null;
        }

        session.Session = state;
        _sessions[key] = session;
        _all[session] = true;
        if (!_listener.IsOpen)
        {
            // Closed meanwhile: whoever did that may not have seen it.
            End(session, ConnectionEndReason.Drained);
            return null;
        }

        return session;
    }

    private void Forward(PortableUdpSession session, ReadOnlySpan<byte> datagram)
    {
        var state = session.Session;
        state.CountRequest(datagram.Length);
        if (session.Waiting is null && (session.Socket is null || !UdpSessions.MayStay(state)) && !TryConnect(session))
        {
            Drop(UdpDropReason.NoDestination);
            End(session, ConnectionEndReason.NoDestination);
            return;
        }

        if (session.Waiting is { } waiting)
        {
            if (waiting.Count < MaxWaiting)
            {
                waiting.Add(datagram.ToArray());
            }
            else
            {
                Drop(UdpDropReason.Resolving);
            }
        }
        else
        {
            Send(session, datagram);
        }

        if (state.RequestsLeft <= 0)
        {
            Unbind(session);
        }
    }

    private void Unbind(PortableUdpSession session) => _sessions.TryRemove(new(session.Session.Key, session));

    /// <summary>Gives a session its destination: the first, or another one than before. Its name may have to be resolved first.</summary>
    private bool TryConnect(PortableUdpSession session)
    {
        session.Socket?.Dispose();
        session.Socket = null;
        if (!_decisions.TryChoose(session.Session, out var address))
        {
            return false;
        }

        if (address.EndPoint is IPEndPoint endPoint)
        {
            return TryConnect(session, endPoint);
        }

        session.Waiting = [];
        _ = ResolveAsync(session, address);
        return true;
    }

    private async Task ResolveAsync(PortableUdpSession session, DestinationAddress address)
    {
        await Task.Yield();
        var name = await _decisions.Resolver.ResolveAsync(address.Host, CancellationToken.None);
        lock (session.Lock)
        {
            var waiting = session.Waiting ?? [];
            session.Waiting = null;
            if (session.Session.HasEnded)
            {
                return;
            }

            if (name.Addresses is not [var first, ..] || !TryConnect(session, new IPEndPoint(first, address.Port)))
            {
                session.Session.State.Error ??= $"{address.Host}: {name.Error}";
                _decisions.Metrics.Dropped(session.Session.Stream.StreamId, UdpDropReason.ConnectFailed, waiting.Count);
                End(session, ConnectionEndReason.ConnectFailed);
                return;
            }

            foreach (var datagram in waiting)
            {
                Send(session, datagram);
            }
        }
    }

    private bool TryConnect(PortableUdpSession session, IPEndPoint endPoint)
    {
        Socket? socket = null;
        try
        {
            socket = new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
            socket.Connect(endPoint);
        }
        catch (SocketException ex)
        {
            socket?.Dispose();
            session.Session.State.Error = $"{endPoint}: {ex.Message}";
            return false;
        }

        session.Socket = socket;
        _ = ReplyLoopAsync(session, socket);
        return true;
    }

    private void Send(PortableUdpSession session, ReadOnlySpan<byte> datagram)
    {
        var state = session.Session;
        if (!_decisions.IsWithin(state.Bandwidth?.Upload, datagram.Length, state))
        {
            return;
        }

        if (state.Preface is { } preface)
        {
            state.Preface = null;
            datagram = (byte[])[.. preface, .. datagram];
        }

        session.Socket!.Send(datagram, SocketFlags.None, out var error);
        if (error is SocketError.ConnectionRefused or SocketError.ConnectionReset)
        {
            // What became of an earlier one; this one was not looked at.
            _decisions.Refused(state);
            session.Socket.Send(datagram, SocketFlags.None, out error);
        }

        if (error != SocketError.Success)
        {
            Drop(UdpDropReason.SendFailed);
        }
    }

    private async Task ReplyLoopAsync(PortableUdpSession session, Socket socket)
    {
        while (true)
        {
            try
            {
                // Waits without taking anything, and so without a buffer.
                await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.Peek);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException ex) when (ex.SocketErrorCode is SocketError.OperationAborted)
            {
                return;
            }
            catch (SocketException ex) when (ex.SocketErrorCode == SocketError.MessageSize)
            {
                // There is one, and it is larger than nothing.
            }
            catch (SocketException)
            {
                _decisions.Refused(session.Session);
                continue;
            }

            if (!PassReplies(session, socket))
            {
                return;
            }
        }
    }

    private bool PassReplies(PortableUdpSession session, Socket socket)
    {
        var state = session.Session;
        var buffer = ThreadBuffer;
        for (var i = 0; i < MaxRepliesPerTurn; i++)
        {
            int count;
            SocketError error;
            try
            {
                count = socket.Receive(buffer, SocketFlags.None, out error);
            }
            catch (ObjectDisposedException)
            {
                return false;
            }

            if (error == SocketError.WouldBlock)
            {
                return true;
            }

            if (error != SocketError.Success)
            {
                _decisions.Refused(state);
                return true;
            }

            _decisions.Answered(state);
            if (_decisions.IsWithin(state.Bandwidth?.Download, count, state))
            {
                state.CountResponse(count);
                if (!_replies.TrySend(buffer.AsSpan(0, count), state.Key))
                {
                    Drop(UdpDropReason.SendFailed);
                }
            }

            if (state.IsComplete)
            {
                End(session, ConnectionEndReason.Completed);
                return false;
            }
        }

        return true;
    }

    private void Drop(UdpDropReason reason) => _decisions.Metrics.Dropped(_listener.Model.Stream.StreamId, reason);
}
