using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using WmProxy.Connections;
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
    private readonly UdpReceivers _receivers;
    private readonly UdpSessions _decisions;
    private readonly LinuxUdpBatches _batches;
    private readonly Socket _socket;
    private readonly int _family;
    private readonly bool _hasLocal;
    private readonly HashSet<LinuxUdpSession> _sessions = new(new LinuxUdpSessionComparer());
    private readonly HashSet<LinuxUdpSession>.AlternateLookup<UdpSessionKey> _byKey;
    private readonly HashSet<LinuxUdpSession> _unbound = [];

    public LinuxUdpReceiver(UdpListener listener, UdpReceivers receivers, UdpSessions decisions, LinuxUdpBatches batches, Socket socket)
    {
        (_listener, _receivers, _decisions, _batches, _socket) = (listener, receivers, decisions, batches, socket);
        _byKey = _sessions.GetAlternateLookup<UdpSessionKey>();
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
        _family = socket.AddressFamily == AddressFamily.InterNetworkV6 ? SocketAddressBytes.IPv6Family : SocketAddressBytes.IPv4Family;
        _hasLocal = UdpSockets.HasSeveralAddresses(EndPoint);
    }

    public IPEndPoint EndPoint { get; }

    public void Start() => Post(static receiver => receiver.Watch());

    public void Drain() => Post(static receiver => receiver.ForEach(receiver._decisions.Drain));

    public void Resume() => Post(static receiver => receiver.ForEach(receiver._decisions.Resume));

    public void Close()
    {
        _socket.Dispose();
        Post(static receiver => receiver.EndAll());
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
                count = batch.Receive(descriptor, 0, batch.Capacity, _hasLocal);
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
                if (count < batch.Capacity)
                {
                    return;
                }
            }
        }
    }

    /// <summary>Has a reply sent to its session's client, from the address that the client talks to.</summary>
    public void AddressReply(DatagramBatch batch, int index, LinuxUdpSession session)
    {
        var key = session.Key;
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

    /// <summary>Sends replies, each to the client of its session.</summary>
    public void SendReplies(DatagramBatch batch, ReadOnlySpan<LinuxUdpSession?> sessions)
    {
        var sent = default(DatagramsSent);
        if (TryUse(out var descriptor))
        {
            try
            {
                sent = DatagramRuns.Send(batch, descriptor, 0, sessions.Length, sessions);
            }
            finally
            {
                _socket.SafeHandle.DangerousRelease();
            }
        }

        for (var i = 0; sent.Failed > 0 && i < sessions.Length; i++)
        {
            if (sent.HasFailed(i))
            {
                sessions[i]!.NotSent(batch.Payload(i).Length);
            }
        }
    }

    /// <summary>A session has ended.</summary>
    public void Forget(LinuxUdpSession session)
    {
        if (session.IsBound)
        {
            _sessions.Remove(session);
        }
        else
        {
            _unbound.Remove(session);
        }

        _receivers.Leave();
    }

    private void Dispatch(DatagramBatch batch, int count)
    {
        var hasKey = TryGetKey(batch, 0, out var key);
        for (var start = 0; start < count;)
        {
            // Most often a burst is one client's.
            var end = start + 1;
            var isWhole = hasKey;
            UdpSessionKey next = default;
            while (end < count && (hasKey = TryGetKey(batch, end, out next)) && isWhole && next.Equals(key))
            {
                end++;
            }

            if (!isWhole)
            {
                _decisions.Metrics.Dropped(_listener.Model.Stream.StreamId, UdpDropReason.Truncated);
            }
            else
            {
                Forward(key, batch, start, end);
            }

            (start, key) = (end, next);
        }
    }

    private void Forward(in UdpSessionKey key, DatagramBatch batch, int start, int end)
    {
        // What is left when there is no session has been counted as it was refused.
        while (start < end && (_byKey.TryGetValue(key, out var session) || TryOpen(key, end - start, out session)))
        {
            var taken = (int)Math.Min(end - start, session.RequestsLeft);
            session.Forward(batch, start, taken);
            if (session.RequestsLeft <= 0 && !session.HasEnded)
            {
                Unbind(session);
            }

            start += taken;
        }
    }

    // None where a datagram did not arrive whole, or its sender is of no kind that there is.
    private bool TryGetKey(DatagramBatch batch, int index, out UdpSessionKey key)
    {
        UInt128 local = default;
        var interfaceIndex = 0;
        if (_hasLocal)
        {
            batch.TryGetLocal(index, out local, out interfaceIndex);
        }

        key = default;
        return !batch.IsTruncated(index) && UdpSessionKey.TryCreate(batch.Peer(index), local, interfaceIndex, out key);
    }

    private bool TryOpen(in UdpSessionKey key, int datagrams, [NotNullWhen(true)] out LinuxUdpSession? session)
    {
        session = null;
        if (!_listener.TryEnter(_receivers))
        {
            return false;
        }

        if (_decisions.TryAdmit(_listener.Model, key, EndPoint, datagrams) is not { } admission)
        {
            _receivers.Leave();
            return false;
        }

        session = new LinuxUdpSession(this, _batches, _decisions, admission);
        _sessions.Add(session);
        _decisions.Start(session);
        return true;
    }

    private void Unbind(LinuxUdpSession session)
    {
        _sessions.Remove(session);
        session.IsBound = false;
        _unbound.Add(session);
    }

    private void ForEach(Action<LinuxUdpSession> action)
    {
        foreach (var session in (List<LinuxUdpSession>)[.. _sessions, .. _unbound])
        {
            action(session);
        }
    }

    private void Watch()
    {
        if (TryUse(out var descriptor))
        {
            try
            {
                // ENOSPC or ENOMEM: there is no room for one more descriptor in this system's epolls, and none of its datagrams will be seen.
                if (_batches.Loop.Register(descriptor, Epoll.In, this) is < 0 and var error)
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
        _batches.Loop.Unregister(this);
        ForEach(static session => session.End(ConnectionEndReason.Drained));
    }

    private void Post(Action<LinuxUdpReceiver> action) => _batches.Loop.Post(new Command(this, action));

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
