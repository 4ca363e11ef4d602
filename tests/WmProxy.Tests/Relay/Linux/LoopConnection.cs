using System;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Threading.Tasks;
using WmProxy.Native;
using WmProxy.Relay.Linux;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Relay.Linux;

/// <summary>A connection of which a loop has the near end, and the test the far one.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LoopConnection : IDisposable
{
    private const int SendBufferOption = 7; // SO_SNDBUF

    private LoopConnection(RawConnection peer, LinuxSocketStream stream) => (Peer, Stream) = (peer, stream);

    public RawConnection Peer { get; }

    public LinuxSocketStream Stream { get; }

    /// <summary>Connects on a loopback address, or on a Unix domain socket of no name.</summary>
    /// <param name="loop">Whose the near end is.</param>
    /// <param name="family">Which kind of socket.</param>
    /// <param name="receiveBuffer">The size of the far end's receive buffer.</param>
    /// <param name="sendBuffer">The size of the near end's send buffer.</param>
    public static async Task<LoopConnection> ConnectAsync(
        TestLoop loop, AddressFamily family = AddressFamily.InterNetwork, int? receiveBuffer = null, int? sendBuffer = null)
    {
        using var listener = Listen(family);
        var peer = await RawClient.ConnectAsync(listener.LocalEndPoint!, receiveBuffer);
        return new LoopConnection(peer, await AcceptAsync(loop, listener, sendBuffer));
    }

    /// <summary>Connects to <paramref name="listener"/>, on which nobody else does.</summary>
    public static async Task<LoopConnection> ConnectAsync(TestLoop loop, Socket listener)
    {
        var endPoint = await loop.RunAsync(() => listener.LocalEndPoint!);
        var peer = await RawClient.ConnectAsync(endPoint);
        return new LoopConnection(peer, await AcceptAsync(loop, listener));
    }

    /// <summary>Listens on a free port or name.</summary>
    public static Socket Listen(AddressFamily family)
    {
        var isUnix = family == AddressFamily.Unix;
        var listener = new Socket(family, SocketType.Stream, isUnix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        if (!isUnix)
        {
            listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.OutOfBandInline, true);
        }

        listener.Bind(family switch
        {
            AddressFamily.Unix => new UnixDomainSocketEndPoint($"\0wmproxy-test-{Guid.NewGuid()}"),
            AddressFamily.InterNetworkV6 => new IPEndPoint(IPAddress.IPv6Loopback, 0),
            _ => new IPEndPoint(IPAddress.Loopback, 0),
        });
        listener.Listen(512);
        return listener;
    }

    /// <summary>Gives a connection that is there to be accepted to <paramref name="loop"/>.</summary>
    public static Task<LinuxSocketStream> AcceptAsync(TestLoop loop, Socket listener, int? sendBuffer = null) => loop.RunAsync(() =>
    {
        var descriptor = LinuxSocket.Accept(listener.SafeHandle, stackalloc byte[SocketAddressBytes.MaxLength], out _);
        Assert.InRange(descriptor, 0, int.MaxValue);
        if (sendBuffer is { } size)
        {
            Assert.Equal(0, LinuxSocket.SetOption(descriptor, LinuxSocket.SocketLevel, SendBufferOption, size));
        }

        return LinuxSocketStream.TryAdopt(loop.Loop, descriptor, listener.AddressFamily != AddressFamily.Unix, out _)!;
    });

    public void Dispose()
    {
        Peer.Dispose();
        Stream.Abort();
    }
}
