using System;
using System.Runtime.Versioning;
using WmProxy.Listeners;
using WmProxy.Native;
using WmProxy.Relay.Linux;

namespace WmProxy.Udp.Linux;

/// <summary>A session's socket towards its destination, which alone it sends to and hears.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxUdpSocket : EventLoopHandler
{
    // A burst of replies while the thread is busy elsewhere waits here instead of being lost; the system allows less as a rule.
    private const int ReceiveBuffer = 1024 * 1024;

    private readonly EventLoop _loop;
    private readonly LinuxUdpSession _session;

    private LinuxUdpSocket(EventLoop loop, LinuxUdpSession session, int descriptor) => (_loop, _session, Descriptor) = (loop, session, descriptor);

    /// <summary>The descriptor; -1 once it is closed.</summary>
    public int Descriptor { get; private set; }

    /// <summary>Opens one towards <paramref name="address"/>, a struct sockaddr; <see langword="null"/> where that fails, with the errno.</summary>
    public static LinuxUdpSocket? TryOpen(EventLoop loop, LinuxUdpSession session, int family, ReadOnlySpan<byte> address, out int error)
    {
        var descriptor = LinuxSocket.Open(family, LinuxSocket.Datagram);
        error = -descriptor;
        if (descriptor < 0)
        {
            return null;
        }

        if (DescriptorReserve.IsTouchedBy(descriptor))
        {
            _ = LinuxSocket.Close(descriptor);
            error = LinuxSocket.Emfile;
            return null;
        }

        _ = LinuxSocket.SetOption(descriptor, LinuxSocket.SocketLevel, LinuxSocket.ReceiveBufferOption, ReceiveBuffer);
        var socket = new LinuxUdpSocket(loop, session, descriptor);
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
        if ((events & Epoll.Error) != 0 && LinuxSocket.IsUnreachable(-LinuxSocket.TakeError(Descriptor)))
        {
            _session.OnUnreachable(this);
        }

        if (Descriptor >= 0 && (events & Epoll.In) != 0)
        {
            _session.OnReplies(this);
        }
    }

    public void Close()
    {
        if (Descriptor >= 0)
        {
            _loop.Unregister(this);
            _ = LinuxSocket.Close(Descriptor);
            Descriptor = -1;
        }
    }
}
