using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Socks;

/// <summary>A UDP socket of a test, which sends back what it gets once it is told to.</summary>
internal sealed class UdpEcho : IDisposable
{
    private readonly byte[] _buffer = new byte[70_000];
    private readonly Socket _socket;

    public UdpEcho(IPAddress? address = null)
    {
        address ??= IPAddress.Loopback;
        _socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        _socket.Bind(new IPEndPoint(address, 0));
        EndPoint = (IPEndPoint)_socket.LocalEndPoint!;
    }

    public IPEndPoint EndPoint { get; }

    public async Task<(byte[] Data, EndPoint From)> ReceiveAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline.Default);
        var received = await _socket.ReceiveFromAsync(_buffer, SocketFlags.None, EndPoint, deadline.Token);
        return (_buffer[..received.ReceivedBytes], received.RemoteEndPoint);
    }

    public Task SendAsync(byte[] data, EndPoint to) => _socket.SendToAsync(data, to);

    /// <summary>Receives one datagram and sends it back.</summary>
    public async Task<byte[]> EchoAsync()
    {
        var (data, from) = await ReceiveAsync();
        await SendAsync(data, from);
        return data;
    }

    public bool IsEmpty => _socket.Available == 0;

    public void Dispose() => _socket.Dispose();
}
