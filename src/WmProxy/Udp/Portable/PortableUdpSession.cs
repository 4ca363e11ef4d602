using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.Listeners;

namespace WmProxy.Udp.Portable;

/// <summary>A session with its socket, for whose replies a loop waits that holds no buffer meanwhile. Everything is done under its lock.</summary>
internal sealed class PortableUdpSession : UdpSession
{
    private const int MaxDatagram = 65536;
    private const int MaxRepliesPerTurn = 32;
    private const int MaxTurns = 4;
    private const int ReceiveBuffer = 1024 * 1024;

    [ThreadStatic]
    private static byte[]? _threadBuffer;

    private readonly Lock _lock = new();
    private readonly PortableUdpReceiver _receiver;
    private readonly ReplySender _replies;
    private Socket? _socket;

    public PortableUdpSession(PortableUdpReceiver receiver, ReplySender replies, UdpSessions decisions, in UdpAdmission admission)
        : base(decisions, in admission)
    {
        _receiver = receiver;
        _replies = replies;
    }

    protected override bool IsConnected => _socket is not null;

    private static byte[] ThreadBuffer => _threadBuffer ??= GC.AllocateUninitializedArray<byte>(MaxDatagram, pinned: true);

    /// <summary>Forwards a datagram of the client; <see langword="false"/> when it has ended already.</summary>
    public bool TryForward(ReadOnlySpan<byte> datagram)
    {
        lock (_lock)
        {
            if (HasEnded)
            {
                return false;
            }

            CountRequests(1);
            if (TryPrepare(1) && Decisions.IsWithin(Bandwidth?.Upload, datagram.Length, this))
            {
                Keep(datagram);
                if (!IsResolving && SendNow(datagram))
                {
                    OnUnreachable();
                }
            }

            if (RequestsLeft <= 0)
            {
                _receiver.Unbind(this);
            }

            return true;
        }
    }

    /// <summary>Ends it, unless it has ended.</summary>
    public void Finish(ConnectionEndReason reason)
    {
        lock (_lock)
        {
            End(reason);
        }
    }

    protected override void RequestEnd() => Finish(ConnectionEndReason.Completed);

    protected override SocketError Open(IPEndPoint endPoint)
    {
        Socket? socket = null;
        try
        {
            socket = new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false, ReceiveBufferSize = ReceiveBuffer };
            if (DescriptorReserve.IsTouchedBy(socket))
            {
                throw new SocketException((int)SocketError.TooManyOpenSockets);
            }

            socket.Connect(endPoint);
        }
        catch (SocketException ex)
        {
            socket?.Dispose();
            return ex.SocketErrorCode;
        }

        _socket = socket;
        _ = ReplyLoopAsync(socket);
        return SocketError.Success;
    }

    protected override void Disconnect()
    {
        _socket?.Dispose();
        _socket = null;
    }

    protected override async Task ResolveAsync(DestinationAddress address, Task<ResolvedName> resolving)
    {
        // Never within the call, which has the lock but is in the middle of something else.
        var name = await resolving.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        lock (_lock)
        {
            OnResolved(address, name);
        }
    }

    protected override bool SendKept(IReadOnlyList<byte[]> datagrams)
    {
        foreach (var datagram in datagrams)
        {
            if (SendNow(datagram))
            {
                return true;
            }
        }

        return false;
    }

    protected override void OnEnded() => _receiver.Forget(this);

    private static bool IsUnreachable(SocketError error) => error is
        SocketError.ConnectionRefused or SocketError.ConnectionReset or SocketError.HostUnreachable or SocketError.HostDown
        or SocketError.NetworkUnreachable or SocketError.NetworkDown or SocketError.ProtocolOption;

    /// <summary>Sends; whether that brought up that nobody takes it.</summary>
    private bool SendNow(ReadOnlySpan<byte> datagram)
    {
        var header = IsHeaderDue ? Header : null;
        var whole = header is null ? datagram : (byte[])[.. header, .. datagram];
        _socket!.Send(whole, SocketFlags.None, out var error);
        var isUnreachable = IsUnreachable(error);
        if (isUnreachable)
        {
            // That is what became of an earlier one, as a rule; this one was not looked at.
            _socket.Send(whole, SocketFlags.None, out error);
        }

        if (header is not null)
        {
            HeaderSent(hasFailed: error != SocketError.Success);
        }

        if (error == SocketError.Success)
        {
            CountUp(datagram.Length);
        }
        else
        {
            Decisions.Metrics.Dropped(Stream.StreamId, UdpDropReason.SendFailed);
        }

        return isUnreachable;
    }

    private async Task ReplyLoopAsync(Socket socket)
    {
        var isOpen = true;
        var turns = 0;
        while (isOpen)
        {
            if (turns >= MaxTurns)
            {
                // Others have theirs: this may be the thread on which all sockets wait.
                turns = 0;
                await Task.Yield();
            }

            try
            {
                // Waits without taking anything, and so without a buffer.
                var waiting = socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.Peek);
                turns = waiting.IsCompleted ? turns + 1 : 0;
                await waiting;
                isOpen = PassReplies(socket);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException ex) when (ex.SocketErrorCode == SocketError.MessageSize)
            {
                // There is one, and it is larger than nothing.
                isOpen = PassReplies(socket);
            }
            catch (SocketException ex)
            {
                isOpen = OnError(socket, ex.SocketErrorCode);
            }
        }
    }

    /// <summary>Passes on what has come; <see langword="false"/> when the socket is no longer the session's.</summary>
    private bool PassReplies(Socket socket)
    {
        var buffer = ThreadBuffer;
        for (var i = 0; i < MaxRepliesPerTurn; i++)
        {
            lock (_lock)
            {
                if (_socket != socket)
                {
                    return false;
                }

                var count = socket.Receive(buffer, SocketFlags.None, out var error);
                if (error == SocketError.WouldBlock)
                {
                    return true;
                }

                if (error != SocketError.Success)
                {
                    return OnError(socket, error);
                }

                OnAnswered();
                Pass(buffer.AsSpan(0, count));
                if (IsComplete)
                {
                    End(ConnectionEndReason.Completed);
                    return false;
                }
            }
        }

        return true;
    }

    private void Pass(ReadOnlySpan<byte> reply)
    {
        if (!Decisions.IsWithin(Bandwidth?.Download, reply.Length, this))
        {
            return;
        }

        CountResponse(reply.Length);
        if (!_replies.TrySend(reply, Key))
        {
            CountDown(-reply.Length);
            Decisions.Metrics.Dropped(Stream.StreamId, UdpDropReason.SendFailed);
        }
    }

    private bool OnError(Socket socket, SocketError error)
    {
        lock (_lock)
        {
            if (_socket != socket)
            {
                return false;
            }

            if (IsUnreachable(error))
            {
                OnUnreachable();
            }
            else
            {
                // Trying again might fail for ever; the client's next datagram begins anew.
                State.Error = new SocketException((int)error).Message;
                End(ConnectionEndReason.UpstreamReset);
            }

            return _socket == socket;
        }
    }
}
