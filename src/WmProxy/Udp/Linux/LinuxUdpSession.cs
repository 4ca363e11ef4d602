using System.Collections.Generic;
using System.Runtime.Versioning;
using WmProxy.Native;
using WmProxy.Relay.Linux;

namespace WmProxy.Udp.Linux;

/// <summary>A session of a loop, with its socket. On the loop's thread, but for <see cref="RequestEnd"/>.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxUdpSession : IUdpSessionOwner, IEventLoopCommand
{
    // What may wait for a name: more would be late anyway.
    private const int MaxWaiting = 16;

    private readonly LinuxUdpReceiver _receiver;
    private List<byte[]>? _waiting;

    public LinuxUdpSession(LinuxUdpReceiver receiver) => _receiver = receiver;

    /// <summary>What is known of it; set right after it is made.</summary>
    public UdpSession Session { get; set; } = null!;

    /// <summary>Its socket; <see langword="null"/> until its destination is known.</summary>
    public LinuxUdpSocket? Socket { get; set; }

    /// <summary>Whether its destination's name is being resolved.</summary>
    public bool IsResolving { get; set; }

    /// <summary>Whether the client's next datagram is part of it.</summary>
    public bool IsBound { get; set; } = true;

    public void RequestEnd(UdpSession session) => _receiver.Loop.Post(this);

    /// <summary>The end that was requested.</summary>
    void IEventLoopCommand.Run(EventLoop loop) => _receiver.End(this);

    /// <summary>Keeps a datagram until the name is resolved; <see langword="false"/> when too many wait.</summary>
    public bool TryWait(byte[] datagram)
    {
        _waiting ??= [];
        if (_waiting.Count >= MaxWaiting)
        {
            return false;
        }

        _waiting.Add(datagram);
        return true;
    }

    /// <summary>What waited, in order.</summary>
    public IReadOnlyList<byte[]> TakeWaiting()
    {
        var waiting = _waiting;
        _waiting = null;
        return waiting ?? [];
    }

    /// <summary>Puts the PROXY header, if one is due, in front of the first of the datagrams to be sent.</summary>
    public void Prepend(DatagramBatch batch, int index)
    {
        if (Session.Preface is { } preface)
        {
            Session.Preface = null;
            batch.Prepend(index, preface);
        }
    }
}
