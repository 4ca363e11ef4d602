using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Socks;

/// <summary>A client with an association: its TCP connection, and a socket for its datagrams.</summary>
internal sealed class SocksUdpClient : IDisposable
{
    private readonly byte[] _buffer = new byte[70_000];

    private SocksUdpClient(RawConnection control, ConnectionState state, Task ended, IPEndPoint relay)
    {
        (Control, State, Ended, Relay) = (control, state, ended, relay);
        Socket = new Socket(relay.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        Socket.Bind(new IPEndPoint(relay.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback, 0));
    }

    public RawConnection Control { get; }

    public ConnectionState State { get; }

    public Task Ended { get; }

    /// <summary>Where the server takes datagrams, as it says.</summary>
    public IPEndPoint Relay { get; }

    public Socket Socket { get; }

    public static async Task<SocksUdpClient> AssociateAsync(SocksHost host, int port = 0)
    {
        var (control, state, ended) = await host.ConnectAsync();
        await control.SendAsync((byte[])[5, 1, 0, .. Socks5HandlerTests.Request(3, IPAddress.Any, port)]);
        var head = await control.ReadExactlyAsync(6);
        Assert.Equal("0500050000", Convert.ToHexString(head[..5]));
        var rest = await control.ReadExactlyAsync(head[5] == 1 ? 6 : 18);
        return new SocksUdpClient(control, state, ended, new IPEndPoint(new IPAddress(rest.AsSpan(0, rest.Length - 2)), (rest[^2] << 8) | rest[^1]));
    }

    public static byte[] Wrap(EndPoint destination, ReadOnlySpan<byte> data)
    {
        var endPoint = (IPEndPoint)destination;
        return [0, 0, 0, .. Socks5HandlerTests.Request(0, endPoint.Address, endPoint.Port).AsSpan(3), .. data];
    }

    public static byte[] Wrap(string name, int port, ReadOnlySpan<byte> data) =>
        [0, 0, 0, 3, (byte)name.Length, .. System.Text.Encoding.UTF8.GetBytes(name), (byte)(port >> 8), (byte)port, .. data];

    public Task SendAsync(EndPoint destination, byte[] data) => SendAsync(Wrap(destination, data));

    public Task SendAsync(byte[] datagram) => Socket.SendToAsync(datagram, Relay);

    /// <summary>The next datagram from the relay, as it is.</summary>
    public async Task<byte[]> ReceiveAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline.Default);
        var received = await Socket.ReceiveFromAsync(_buffer, SocketFlags.None, Relay, deadline.Token);
        Assert.Equal(Relay, received.RemoteEndPoint);
        return _buffer[..received.ReceivedBytes];
    }

    public void Dispose()
    {
        Control.Dispose();
        Socket.Dispose();
    }
}
