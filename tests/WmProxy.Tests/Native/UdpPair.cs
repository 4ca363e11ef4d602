using System;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using WmProxy.Native;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Native;

/// <summary>A socket that batches of datagrams are sent through, connected or not, and its peer.</summary>
[SupportedOSPlatform("linux")]
internal sealed class UdpPair : IDisposable
{
    public UdpPair(string address = "127.0.0.1")
    {
        Peer = new UdpPeer(address);
        Peer.Socket.Blocking = false;
        Socket = new Socket(Peer.Socket.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { SendBufferSize = 4 * 1024 * 1024 };
        Socket.Connect(Peer.EndPoint);
    }

    public UdpPeer Peer { get; }

    public Socket Socket { get; }

    public int Descriptor => (int)Socket.SafeHandle.DangerousGetHandle();

    /// <summary>The peer's struct sockaddr.</summary>
    public static byte[] Address(IPEndPoint endPoint)
    {
        var address = new byte[SocketAddressBytes.MaxLength];
        return address[..SocketAddressBytes.Write(endPoint, address)];
    }

    /// <summary>The next datagram that the peer has received; on loopback it is there as soon as it is sent. <see langword="null"/> when there is none.</summary>
    public byte[]? Received()
    {
        var buffer = new byte[65536];
        var count = Peer.Socket.Receive(buffer, SocketFlags.None, out var error);
        return error == SocketError.WouldBlock ? null : buffer[..count];
    }

    public void Dispose()
    {
        Socket.Dispose();
        Peer.Dispose();
    }
}
