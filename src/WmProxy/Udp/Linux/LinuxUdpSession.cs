using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.Native;
using WmProxy.Relay.Linux;

namespace WmProxy.Udp.Linux;

/// <summary>A session of a loop, with its socket. On the loop's thread, but for <see cref="RequestEnd"/>.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxUdpSession : UdpSession, IEventLoopCommand
{
    private readonly LinuxUdpReceiver _receiver;
    private readonly LinuxUdpBatches _batches;
    private LinuxUdpSocket? _socket;
    private uint _replyRound;
    private int _expectedReplies = 1;

    public LinuxUdpSession(LinuxUdpReceiver receiver, LinuxUdpBatches batches, UdpSessions decisions, in UdpAdmission admission)
        : base(decisions, in admission)
    {
        _receiver = receiver;
        _batches = batches;
    }

    /// <summary>Whether the client's next datagram is part of it.</summary>
    public bool IsBound { get; set; } = true;

    protected override bool IsConnected => _socket is not null;

    /// <summary>The end that was requested.</summary>
    void IEventLoopCommand.Run(EventLoop loop) => End();

    /// <summary>Forwards the client's datagrams in <paramref name="count"/> places from <paramref name="start"/> on.</summary>
    public void Forward(DatagramBatch batch, int start, int count)
    {
        CountRequests(count);
        if (!TryPrepare(count))
        {
            return;
        }

        if (!IsResolving && Bandwidth?.Upload is null)
        {
            Send(batch, start, count);
            return;
        }

        for (var i = start; i < start + count && !HasEnded; i++)
        {
            if (!Decisions.IsWithin(Bandwidth?.Upload, batch.Payload(i).Length, this))
            {
                continue;
            }

            if (IsResolving)
            {
                Keep(batch.Payload(i));
            }
            else
            {
                Send(batch, i, 1);
            }
        }
    }

    /// <summary>The socket has brought up that nobody takes what it sends.</summary>
    public void OnUnreachable(LinuxUdpSocket socket)
    {
        if (socket == _socket)
        {
            OnUnreachable();
        }
    }

    /// <summary>The destination has sent something.</summary>
    public void OnReplies(LinuxUdpSocket socket)
    {
        // Most often there is one, and to ask for one is cheaper. Where more are left, the socket is ready again in the next round.
        var expected = _expectedReplies;
        var received = _batches.Replies.Receive(_receiver, this, socket.Descriptor, expected);
        if (received > 0)
        {
            var round = _batches.Loop.Round;
            if (received < expected)
            {
                _expectedReplies = received;
            }
            else if (round - _replyRound <= 1)
            {
                _expectedReplies = Math.Min(2 * expected, LinuxUdpReplies.MaxPerSession);
            }

            _replyRound = round;
            OnAnswered();
            if (IsComplete)
            {
                // The replies that wait to be sent still are.
                End(ConnectionEndReason.Completed);
            }
        }
        else if (LinuxSocket.IsUnreachable(-received))
        {
            OnUnreachable();
        }
    }

    /// <summary>Whether the reply at <paramref name="index"/> is to be passed on; it is counted then.</summary>
    public bool Admit(DatagramBatch batch, int index)
    {
        var length = batch.Payload(index).Length;
        if (batch.IsTruncated(index))
        {
            Decisions.Metrics.Dropped(Stream.StreamId, UdpDropReason.Truncated);
            return false;
        }

        if (IsComplete)
        {
            Decisions.Metrics.Dropped(Stream.StreamId, UdpDropReason.Completed);
            return false;
        }

        if (!Decisions.IsWithin(Bandwidth?.Download, length, this))
        {
            return false;
        }

        CountResponse(length);
        return true;
    }

    /// <summary>A reply that was admitted could not be sent.</summary>
    public void NotSent(int bytes)
    {
        CountDown(-bytes);
        Decisions.Metrics.Dropped(Stream.StreamId, UdpDropReason.SendFailed);
    }

    protected override void RequestEnd() => _batches.Loop.Post(this);

    protected override SocketError Open(IPEndPoint endPoint)
    {
        Span<byte> address = stackalloc byte[SocketAddressBytes.MaxLength];
        var length = SocketAddressBytes.Write(endPoint, address);
        var family = endPoint.AddressFamily == AddressFamily.InterNetworkV6 ? SocketAddressBytes.IPv6Family : SocketAddressBytes.IPv4Family;
        _socket = LinuxUdpSocket.TryOpen(_batches.Loop, this, family, address[..length], out var error);
        return error == 0 ? SocketError.Success : Errno.ToSocketError(error);
    }

    protected override void Disconnect()
    {
        _socket?.Close();
        _socket = null;
    }

    protected override async Task ResolveAsync(DestinationAddress address, Task<ResolvedName> resolving)
    {
        // Never within the call: the batch of datagrams that led here is in use.
        var name = await resolving.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await _batches.Loop.Enter();
        OnResolved(address, name);
    }

    protected override bool SendKept(IReadOnlyList<byte[]> datagrams)
    {
        foreach (var datagram in datagrams)
        {
            _batches.Kept.Set(0, datagram);
            if (SendNow(_batches.Kept, 0, 1))
            {
                return true;
            }
        }

        return false;
    }

    protected override void OnEnded() => _receiver.Forget(this);

    private void Send(DatagramBatch batch, int start, int count)
    {
        for (var i = start; i < start + count; i++)
        {
            Keep(batch.Payload(i));
        }

        if (SendNow(batch, start, count))
        {
            OnUnreachable();
        }
    }

    /// <summary>Sends; whether that brought up that nobody takes it.</summary>
    private bool SendNow(DatagramBatch batch, int start, int count)
    {
        long bytes = 0;
        for (var i = start; i < start + count; i++)
        {
            bytes += batch.Payload(i).Length;
        }

        var header = IsHeaderDue ? Header : null;
        if (header is not null)
        {
            batch.Prepend(start, header);
        }

        for (var i = start; i < start + count; i++)
        {
            batch.ToConnected(i);
        }

        var sent = DatagramRuns.Send(batch, _socket!.Descriptor, start, start + count, []);
        if (header is not null)
        {
            HeaderSent(hasFailed: sent.HasFailed(start));
        }

        if (sent.Failed > 0)
        {
            Decisions.Metrics.Dropped(Stream.StreamId, UdpDropReason.SendFailed, sent.Failed);
            for (var i = start; i < start + count; i++)
            {
                bytes -= sent.HasFailed(i) ? batch.Payload(i).Length - (i == start ? header?.Length ?? 0 : 0) : 0;
            }
        }

        CountUp(bytes);
        return sent.IsUnreachable;
    }
}
