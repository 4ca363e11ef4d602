using System;
using System.Runtime.Versioning;
using WmProxy.Native;
using WmProxy.Relay.Linux;

namespace WmProxy.Udp.Linux;

/// <summary>
/// Replies of a loop's sessions on their way to the clients: gathered while the loop goes through what is ready, and sent with few calls at the end of its
/// round, or when there is no more room.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxUdpReplies : EventLoopHandler
{
    /// <summary>What one session may put there at a time, so that others come to it too.</summary>
    public const int MaxPerSession = 32;

    private readonly EventLoop _loop;
    private readonly DatagramBatch _batch = new();
    private readonly LinuxUdpSession?[] _sessions = new LinuxUdpSession?[DatagramBatch.MaxCapacity];
    private LinuxUdpReceiver? _receiver;
    private int _count;

    public LinuxUdpReplies(EventLoop loop) => _loop = loop;

    public override void OnReady(uint events) => throw new NotSupportedException("It has no descriptor.");

    public override void OnTurn() => Flush();

    /// <summary>Receives at most <paramref name="count"/> datagrams that a session's destination has sent; returns how many, or the negated errno.</summary>
    public int Receive(LinuxUdpReceiver receiver, LinuxUdpSession session, int descriptor, int count)
    {
        if (_receiver != receiver || _count == _batch.Capacity)
        {
            Flush();
            _receiver = receiver;
        }

        var first = _count;
        count = Math.Min(count, _batch.Capacity - first);
        var received = count == 1 ? _batch.ReceiveOne(descriptor, first) : _batch.Receive(descriptor, first, count, withLocal: false);
        if (received <= 0)
        {
            return received;
        }

        for (var i = first; i < first + received; i++)
        {
            if (!session.Admit(_batch, i))
            {
                continue;
            }

            // Those that are left out leave no gap.
            if (i != _count)
            {
                _batch.Set(_count, _batch.Payload(i));
            }

            receiver.AddressReply(_batch, _count, session);
            _sessions[_count++] = session;
        }

        _loop.Schedule(this);
        return received;
    }

    /// <summary>Sends what is there.</summary>
    public void Flush()
    {
        if (_count == 0)
        {
            return;
        }

        var sessions = _sessions.AsSpan(0, _count);
        _count = 0;
        try
        {
            _receiver!.SendReplies(_batch, sessions);
        }
        finally
        {
            sessions.Clear();
        }
    }
}
