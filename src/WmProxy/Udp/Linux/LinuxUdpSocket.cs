using System;
using System.Runtime.Versioning;
using WmProxy.Native;
using WmProxy.Relay.Linux;

namespace WmProxy.Udp.Linux;

/// <summary>A session's socket towards its destination, which alone it sends to and hears.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxUdpSocket : EventLoopHandler
{
    private const int Datagram = 2; // SOCK_DGRAM

    private readonly LinuxUdpReceiver _receiver;
    private readonly EventLoop _loop;
    private int _descriptor;

    private LinuxUdpSocket(LinuxUdpReceiver receiver, EventLoop loop, LinuxUdpSession session, int descriptor) =>
        (_receiver, _loop, Session, _descriptor) = (receiver, loop, session, descriptor);

    public LinuxUdpSession Session { get; }

    /// <summary>The descriptor; -1 once it is closed.</summary>
    public int Descriptor => _descriptor;

    /// <summary>Opens one towards <paramref name="address"/>, a struct sockaddr; <see langword="null"/> where that fails, with the errno.</summary>
    public static LinuxUdpSocket? TryOpen(LinuxUdpReceiver receiver, EventLoop loop, LinuxUdpSession session, int family, ReadOnlySpan<byte> address, out int error)
    {
        var descriptor = LinuxSocket.Open(family, Datagram);
        error = -descriptor;
        if (descriptor < 0)
        {
            return null;
        }

        var socket = new LinuxUdpSocket(receiver, loop, session, descriptor);
        error = -LinuxSocket.Connect(descriptor, address);
        if (error == 0)
        {
            error = -loop.Register(descriptor, Epoll.In, socket);
        }

        if (error == 0)
        {
            return socket;
        }

        _ = LinuxSocket.Close(descriptor);
        return null;
    }

    public override void OnReady(uint events)
    {
        if ((events & Epoll.Error) != 0 && LinuxSocket.TakeError(_descriptor) == -LinuxSocket.Econnrefused)
        {
            _receiver.OnRefused(Session);
        }

        if (_descriptor >= 0 && (events & Epoll.In) != 0)
        {
            _receiver.OnReplies(this);
        }
    }

    public void Close()
    {
        if (_descriptor >= 0)
        {
            _loop.Unregister(this);
            _ = LinuxSocket.Close(_descriptor);
            _descriptor = -1;
        }
    }
}
