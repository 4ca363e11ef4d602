using System;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Native;

namespace WmProxy.Udp.Portable;

/// <summary>A listening socket and its sessions on .NET's asynchronous sockets. One loop receives from the clients, without allocating anything for a datagram.</summary>
internal sealed class PortableUdpReceiver : IUdpReceiver
{
    private const int MaxDatagram = 65536;

    // How many datagrams are taken before other sockets have their turn: this may be the thread on which all of them wait.
    private const int MaxPerTurn = 64;

    private readonly UdpListener _listener;
    private readonly UdpReceivers _receivers;
    private readonly UdpSessions _decisions;
    private readonly Socket _socket;
    private readonly ReplySender _replies;
    private readonly ReceivePause _pause;

    // Where the address that a datagram was sent to is of use, and can be had: .NET allocates for it.
    private readonly DatagramBatch? _batch;
    private readonly ConcurrentDictionary<UdpSessionKey, PortableUdpSession> _sessions = new();
    private readonly ConcurrentDictionary<PortableUdpSession, bool> _all = new();

    public PortableUdpReceiver(UdpListener listener, UdpReceivers receivers, UdpSessions decisions, Socket socket)
    {
        (_listener, _receivers, _decisions, _socket) = (listener, receivers, decisions, socket);
        socket.Blocking = false;
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
        var hasSeveralAddresses = UdpSockets.HasSeveralAddresses(EndPoint);
        _replies = new ReplySender(socket, hasSeveralAddresses);
        _pause = decisions.CreatePause(EndPoint);
        _batch = hasSeveralAddresses && OperatingSystem.IsLinux() ? new DatagramBatch() : null;
    }

    public IPEndPoint EndPoint { get; }

    public void Start() => _ = ReceiveLoopAsync();

    public void Drain()
    {
        foreach (var (session, _) in _all)
        {
            _decisions.Drain(session);
        }
    }

    public void Resume()
    {
        foreach (var (session, _) in _all)
        {
            _decisions.Resume(session);
        }
    }

    public void Close()
    {
        _socket.Dispose();
        foreach (var (session, _) in _all)
        {
            session.Finish(ConnectionEndReason.Drained);
        }
    }

    /// <summary>The client's next datagram is part of another session.</summary>
    public void Unbind(PortableUdpSession session) => _sessions.TryRemove(new(session.Key, session));

    /// <summary>A session has ended.</summary>
    public void Forget(PortableUdpSession session)
    {
        Unbind(session);
        _all.TryRemove(session, out _);
        _receivers.Leave();
    }

    private async Task ReceiveLoopAsync()
    {
        var buffer = _batch is null ? GC.AllocateUninitializedArray<byte>(MaxDatagram, pinned: true) : [];
        var address = new SocketAddress(_socket.AddressFamily);
        var taken = 0;
        while (true)
        {
            if (taken >= MaxPerTurn)
            {
                taken = 0;
                await Task.Yield();
            }

            try
            {
                if (_batch is not null && OperatingSystem.IsLinux())
                {
                    // Waits without taking anything.
                    var waiting = _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.Peek);
                    taken = waiting.IsCompleted ? taken : 0;
                    await waiting;
                    taken += TakeAll(_batch);
                }
                else
                {
                    var receiving = _socket.ReceiveFromAsync(buffer, SocketFlags.None, address);
                    taken = receiving.IsCompleted ? taken + 1 : 0;
                    var count = await receiving;
                    if (UdpSessionKey.TryCreate(address.Family, address.Buffer.Span[..address.Size], default, 0, out var key))
                    {
                        Dispatch(key, buffer.AsSpan(0, count));
                    }
                }
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException ex) when (ex.SocketErrorCode == SocketError.MessageSize)
            {
                _decisions.Metrics.Dropped(_listener.Model.Stream.StreamId, UdpDropReason.Truncated);
            }
            catch (SocketException ex) when (ex.SocketErrorCode is SocketError.OperationAborted or SocketError.ConnectionReset or SocketError.NetworkReset)
            {
                // Closed, which the next attempt says; or, on Windows, what became of something sent earlier: nothing that ends a listener.
            }
            catch (Exception ex)
            {
                await _pause.WaitAsync(ex);
            }
        }
    }

    /// <summary>Takes what has come; returns how many datagrams, at least 1.</summary>
    [SupportedOSPlatform("linux")]
    private int TakeAll(DatagramBatch batch)
    {
        var count = Receive(batch);
        for (var i = 0; i < count; i++)
        {
            batch.TryGetLocal(i, out var local, out var interfaceIndex);
            if (!batch.IsTruncated(i) && UdpSessionKey.TryCreate(batch.Peer(i), local, interfaceIndex, out var key))
            {
                Dispatch(key, batch.Payload(i));
            }
            else
            {
                _decisions.Metrics.Dropped(_listener.Model.Stream.StreamId, UdpDropReason.Truncated);
            }
        }

        return Math.Max(count, 1);
    }

    [SupportedOSPlatform("linux")]
    private int Receive(DatagramBatch batch)
    {
        var isHeld = false;
        try
        {
            _socket.SafeHandle.DangerousAddRef(ref isHeld);
            return batch.Receive((int)_socket.SafeHandle.DangerousGetHandle(), 0, batch.Capacity, withLocal: true);
        }
        finally
        {
            if (isHeld)
            {
                _socket.SafeHandle.DangerousRelease();
            }
        }
    }

    private void Dispatch(in UdpSessionKey key, ReadOnlySpan<byte> datagram)
    {
        // One that ended in this very moment is replaced by a new one.
        for (var attempt = 0; attempt < 2; attempt++)
        {
            if ((!_sessions.TryGetValue(key, out var session) && (session = TryOpen(key)) is null) || session.TryForward(datagram))
            {
                return;
            }

            Unbind(session);
        }
    }

    private PortableUdpSession? TryOpen(in UdpSessionKey key)
    {
        if (!_listener.TryEnter(_receivers))
        {
            return null;
        }

        if (_decisions.TryAdmit(_listener.Model, key, EndPoint, datagrams: 1) is not { } admission)
        {
            _receivers.Leave();
            return null;
        }

        var session = new PortableUdpSession(this, _replies, _decisions, admission);
        _sessions[key] = session;
        _all[session] = true;
        _decisions.Start(session);
        if (!_receivers.IsOpen)
        {
            // Closed meanwhile: whoever did that may not have seen it.
            session.Finish(ConnectionEndReason.Drained);
            return null;
        }

        if (!_listener.IsOpen)
        {
            _decisions.Drain(session);
        }

        return session;
    }
}
