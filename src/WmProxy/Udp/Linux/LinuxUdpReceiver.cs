using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.Native;
using WmProxy.Relay.Linux;

namespace WmProxy.Udp.Linux;

/// <summary>
/// A listening socket of one loop and the sessions of the clients whose datagrams the system gives it. Everything happens on the loop's thread; the socket
/// itself may be closed by any, so that every use of it goes through its handle.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxUdpReceiver : EventLoopHandler, IUdpReceiver
{
    // How often the socket is read before other sockets have their turn; what is left makes it ready again.
    private const int MaxRounds = 4;

    private readonly UdpListener _listener;
    private readonly UdpSessions _decisions;
    private readonly LinuxUdpBatches _batches;
    private readonly Socket _socket;
    private readonly int _family;
    private readonly bool _hasLocal;
    private readonly Dictionary<UdpSessionKey, LinuxUdpSession> _sessions = [];
    private readonly HashSet<LinuxUdpSession> _unbound = [];

    public LinuxUdpReceiver(UdpListener listener, UdpSessions decisions, LinuxUdpBatches batches, Socket socket)
    {
        (_listener, _decisions, _batches, _socket) = (listener, decisions, batches, socket);
        socket.Blocking = false;
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
        _family = socket.AddressFamily == AddressFamily.InterNetworkV6 ? SocketAddressBytes.IPv6Family : SocketAddressBytes.IPv4Family;
        _hasLocal = EndPoint.Address.Equals(IPAddress.IPv6Any) || EndPoint.Address.Equals(IPAddress.Any);
    }

    public IPEndPoint EndPoint { get; }

    public EventLoop Loop => _batches.Loop;

    public void Start() => Loop.Post(new Command(this, static receiver => receiver.Watch()));

    public void Close()
    {
        _socket.Dispose();
        Loop.Post(new Command(this, static receiver => receiver.EndAll()));
    }

    public override void OnReady(uint events)
    {
        var batch = _batches.Requests;
        for (var round = 0; round < MaxRounds; round++)
        {
            if (!TryUse(out var descriptor))
            {
                return;
            }

            int count;
            try
            {
                count = batch.Receive(descriptor, 0, DatagramBatch.Capacity, _hasLocal);
            }
            finally
            {
                _socket.SafeHandle.DangerousRelease();
            }

            if (count == -Libc.Eagain)
            {
                return;
            }

            // Any other error belongs to something sent earlier (ip(7)): it is taken off the socket with this.
            if (count > 0)
            {
                Dispatch(batch, count);
            }

            if (count is > 0 and < DatagramBatch.Capacity)
            {
                return;
            }
        }
    }

    /// <summary>Nobody listens at a session's destination.</summary>
    public void OnRefused(LinuxUdpSession session) => _decisions.Refused(session.Session);

    /// <summary>A session's destination has sent something.</summary>
    public void OnReplies(LinuxUdpSocket socket)
    {
        var received = _batches.Replies.Receive(this, socket);
        if (received == -LinuxSocket.Econnrefused)
        {
            OnRefused(socket.Session);
        }
        else if (received > 0)
        {
            _decisions.Answered(socket.Session.Session);
            if (socket.Session.Session.IsComplete)
            {
                // The replies that wait to be sent still are.
                End(socket.Session, ConnectionEndReason.Completed);
            }
        }
    }

    /// <summary>Whether a reply is to be passed on; it is counted then.</summary>
    public bool Admit(DatagramBatch batch, int index, LinuxUdpSession session)
    {
        var state = session.Session;
        var length = batch.Payload(index).Length;
        if (batch.IsTruncated(index))
        {
            _decisions.Metrics.Dropped(state.Stream.StreamId, UdpDropReason.Truncated);
            return false;
        }

        if (state.IsComplete || !_decisions.IsWithin(state.Bandwidth?.Download, length, state))
        {
            return false;
        }

        state.CountResponse(length);
        return true;
    }

    /// <summary>Has a reply sent to its session's client, from the address that the client talks to.</summary>
    public void AddressReply(DatagramBatch batch, int index, LinuxUdpSession session)
    {
        var key = session.Session.Key;
        Span<byte> client = stackalloc byte[28];
        var length = key.WriteClient(_family, client);
        if (_hasLocal && key.Local != default)
        {
            batch.ToPeer(index, client[..length], key.Local, key.Interface);
        }
        else
        {
            batch.ToPeer(index, client[..length]);
        }
    }

    /// <summary>Sends replies; those that the system does not take are dropped and counted.</summary>
    public void SendReplies(DatagramBatch batch, ReadOnlySpan<LinuxUdpSession?> sessions)
    {
        if (!TryUse(out var descriptor))
        {
            return;
        }

        try
        {
            var dropped = DatagramRuns.Send(batch, descriptor, 0, sessions.Length, sessions, out _);
            _decisions.Metrics.Dropped(_listener.Model.Stream.StreamId, UdpDropReason.SendFailed, dropped);
        }
        finally
        {
            _socket.SafeHandle.DangerousRelease();
        }
    }

    /// <summary>Ends a session, whose state may have the reason already.</summary>
    public void End(LinuxUdpSession session, ConnectionEndReason reason = ConnectionEndReason.Completed)
    {
        if (session.IsBound)
        {
            _sessions.Remove(session.Session.Key);
        }
        else
        {
            _unbound.Remove(session);
        }

        session.Socket?.Close();
        _decisions.End(session.Session, reason);
    }

    private void Dispatch(DatagramBatch batch, int count)
    {
        for (var start = 0; start < count;)
        {
            if (batch.IsTruncated(start) || !TryGetKey(batch, start, out var key))
            {
                _decisions.Metrics.Dropped(_listener.Model.Stream.StreamId, UdpDropReason.Truncated);
                start++;
                continue;
            }

            // Most often a burst is one client's.
            var end = start + 1;
            while (end < count && !batch.IsTruncated(end) && TryGetKey(batch, end, out var next) && next.Equals(key))
            {
                end++;
            }

            while (start < end)
            {
                if (!_sessions.TryGetValue(key, out var session) && (session = Open(key)) is null)
                {
                    // The first was counted as it was refused.
                    break;
                }

                start += Forward(session, batch, start, (int)Math.Min(end - start, session.Session.RequestsLeft));
            }

            start = end;
        }
    }

    private bool TryGetKey(DatagramBatch batch, int index, out UdpSessionKey key)
    {
        UInt128 local = default;
        var interfaceIndex = 0;
        if (_hasLocal)
        {
            batch.TryGetLocal(index, out local, out interfaceIndex);
        }

        return UdpSessionKey.TryCreate(batch.Peer(index), local, interfaceIndex, out key);
    }

    private LinuxUdpSession? Open(in UdpSessionKey key)
    {
        if (!_listener.IsOpen)
        {
            return null;
        }

        var session = new LinuxUdpSession(this);
        if (_decisions.TryOpen(_listener.Model, key, EndPoint, session) is not { } state)
        {
            return null;
        }

        session.Session = state;
        _sessions.Add(key, session);
        return session;
    }

    /// <summary>Forwards datagrams of one session; returns how many were dealt with, at least 1.</summary>
    private int Forward(LinuxUdpSession session, DatagramBatch batch, int start, int count)
    {
        if (!session.IsResolving && (session.Socket is null || !UdpSessions.MayStay(session.Session)))
        {
            Connect(session);
        }

        if (session.IsResolving)
        {
            for (var i = start; i < start + count; i++)
            {
                session.Session.CountRequest(batch.Payload(i).Length);
                if (!session.TryWait(batch.Payload(i).ToArray()))
                {
                    _decisions.Metrics.Dropped(session.Session.Stream.StreamId, UdpDropReason.Resolving);
                }
            }
        }
        else if (session.Socket is { } socket)
        {
            Send(session, socket, batch, start, count);
        }
        else
        {
            // There is nowhere to go, and that is logged with the session: the next datagram tries again, with a new one.
            _decisions.Metrics.Dropped(session.Session.Stream.StreamId, UdpDropReason.NoDestination, count);
            End(session, ConnectionEndReason.NoDestination);
            return count;
        }

        if (session.Session.RequestsLeft <= 0 && session.IsBound)
        {
            Unbind(session);
        }

        return count;
    }

    private void Unbind(LinuxUdpSession session)
    {
        _sessions.Remove(session.Session.Key);
        session.IsBound = false;
        _unbound.Add(session);
    }

    private void Send(LinuxUdpSession session, LinuxUdpSocket socket, DatagramBatch batch, int start, int count)
    {
        var state = session.Session;
        if (state.Bandwidth?.Upload is not null)
        {
            SendLimited(session, socket, batch, start, count);
            return;
        }

        for (var i = start; i < start + count; i++)
        {
            state.CountRequest(batch.Payload(i).Length);
        }

        session.Prepend(batch, start);
        SendNow(state, socket, batch, start, count);
    }

    private void SendLimited(LinuxUdpSession session, LinuxUdpSocket socket, DatagramBatch batch, int start, int count)
    {
        for (var i = start; i < start + count; i++)
        {
            var length = batch.Payload(i).Length;
            session.Session.CountRequest(length);
            if (_decisions.IsWithin(session.Session.Bandwidth?.Upload, length, session.Session))
            {
                session.Prepend(batch, i);
                SendNow(session.Session, socket, batch, i, 1);
            }
        }
    }

    private void SendNow(UdpSession state, LinuxUdpSocket socket, DatagramBatch batch, int start, int count)
    {
        for (var i = start; i < start + count; i++)
        {
            batch.ToConnected(i);
        }

        var dropped = DatagramRuns.Send(batch, socket.Descriptor, start, start + count, [], out var error);
        _decisions.Metrics.Dropped(state.Stream.StreamId, UdpDropReason.SendFailed, dropped);
        if (error == LinuxSocket.Econnrefused)
        {
            _decisions.Refused(state);
        }
    }

    /// <summary>Gives a session its destination: the first, or another one than before.</summary>
    private void Connect(LinuxUdpSession session)
    {
        session.Socket?.Close();
        session.Socket = null;
        if (!_decisions.TryChoose(session.Session, out var address))
        {
            return;
        }

        if (address.EndPoint is IPEndPoint endPoint)
        {
            Connect(session, endPoint);
            return;
        }

        var resolving = _decisions.Resolver.ResolveAsync(address.Host, CancellationToken.None);
        if (resolving.IsCompletedSuccessfully)
        {
            Connect(session, address, resolving.Result);
            return;
        }

        session.IsResolving = true;
        _ = ResolveAsync(session, address, resolving);
    }

    private async Task ResolveAsync(LinuxUdpSession session, DestinationAddress address, ValueTask<ResolvedName> resolving)
    {
        var name = await resolving;
        await Loop.Enter();
        session.IsResolving = false;
        var waiting = session.TakeWaiting();
        if (session.Session.HasEnded)
        {
            return;
        }

        Connect(session, address, name);
        if (session.Socket is not { } socket)
        {
            _decisions.Metrics.Dropped(session.Session.Stream.StreamId, UdpDropReason.ConnectFailed, waiting.Count);
            End(session, ConnectionEndReason.ConnectFailed);
            return;
        }

        var batch = _batches.Requests;
        for (var i = 0; i < waiting.Count; i++)
        {
            batch.Set(i, waiting[i]);
            if (_decisions.IsWithin(session.Session.Bandwidth?.Upload, waiting[i].Length, session.Session))
            {
                session.Prepend(batch, i);
                SendNow(session.Session, socket, batch, i, 1);
            }
        }
    }

    private void Connect(LinuxUdpSession session, DestinationAddress address, ResolvedName name)
    {
        if (name.Addresses is [var first, ..])
        {
            Connect(session, new IPEndPoint(first, address.Port));
        }
        else
        {
            session.Session.State.Error = $"{address.Host}: {name.Error}";
        }
    }

    private void Connect(LinuxUdpSession session, IPEndPoint endPoint)
    {
        Span<byte> address = stackalloc byte[SocketAddressBytes.MaxLength];
        var length = SocketAddressBytes.Write(endPoint, address);
        var family = endPoint.AddressFamily == AddressFamily.InterNetworkV6 ? SocketAddressBytes.IPv6Family : SocketAddressBytes.IPv4Family;
        session.Socket = LinuxUdpSocket.TryOpen(this, Loop, session, family, address[..length], out var error);
        if (session.Socket is null)
        {
            session.Session.State.Error = $"{endPoint}: {Errno.ToException(error).Message}";
        }
    }

    private void Watch()
    {
        if (TryUse(out var descriptor))
        {
            try
            {
                // ENOSPC or ENOMEM: there is no room for one more descriptor in this system's epolls, and none of its datagrams will be seen.
                if (Loop.Register(descriptor, Epoll.In, this) is < 0 and var error)
                {
                    throw Errno.ToException(-error);
                }
            }
            finally
            {
                _socket.SafeHandle.DangerousRelease();
            }
        }
    }

    private void EndAll()
    {
        Loop.Unregister(this);
        foreach (var session in (List<LinuxUdpSession>)[.. _sessions.Values, .. _unbound])
        {
            End(session, ConnectionEndReason.Drained);
        }
    }

    // Held while it is used: it may be closed at any time, and its number given to another.
    private bool TryUse(out int descriptor)
    {
        descriptor = -1;
        var isHeld = false;
        try
        {
            _socket.SafeHandle.DangerousAddRef(ref isHeld);
            descriptor = (int)_socket.SafeHandle.DangerousGetHandle();
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    private sealed class Command : IEventLoopCommand
    {
        private readonly LinuxUdpReceiver _receiver;
        private readonly Action<LinuxUdpReceiver> _action;

        public Command(LinuxUdpReceiver receiver, Action<LinuxUdpReceiver> action) => (_receiver, _action) = (receiver, action);

        public void Run(EventLoop loop) => _action(_receiver);
    }
}
