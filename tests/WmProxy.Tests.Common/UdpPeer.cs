using System;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Tests.Common;

/// <summary>A UDP socket of a test, as a client, a destination or a stranger.</summary>
public sealed class UdpPeer : IDisposable
{
    private readonly byte[] _buffer = new byte[65536];

    /// <param name="address">The address to bind to. Default: 127.0.0.1.</param>
    /// <param name="port">The port to bind to. Default: any.</param>
    public UdpPeer(string address = "127.0.0.1", int port = 0)
    {
        var ip = IPAddress.Parse(address);
        Socket = new Socket(ip.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 * 1024 * 1024 };
        Socket.Bind(new IPEndPoint(ip, port));
    }

    public Socket Socket { get; }

    public IPEndPoint EndPoint => (IPEndPoint)Socket.LocalEndPoint!;

    public int Port => EndPoint.Port;

    /// <summary>The address as a destination has it: <c>udp://127.0.0.1:40001</c>.</summary>
    public string Address => $"udp://{EndPoint}";

    public void Send(ReadOnlySpan<byte> payload, EndPoint to) => Assert(Socket.SendTo(payload, to), payload.Length);

    public void Send(string text, EndPoint to) => Send(Encoding.UTF8.GetBytes(text), to);

    /// <summary>Waits for the next datagram, whoever sent it.</summary>
    public async Task<UdpDatagram> ReceiveAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline.Default);
        try
        {
            var any = new IPEndPoint(Socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
            var received = await Socket.ReceiveFromAsync(_buffer, SocketFlags.None, any, deadline.Token);
            return new UdpDatagram(_buffer[..received.ReceivedBytes], (IPEndPoint)received.RemoteEndPoint);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"No datagram came to {EndPoint} within {Deadline.Default}.");
        }
    }

    /// <summary>Sends <paramref name="text"/> and waits for what comes next.</summary>
    public async Task<UdpDatagram> AskAsync(string text, EndPoint to)
    {
        Send(text, to);
        return await ReceiveAsync();
    }

    public void Dispose() => Socket.Dispose();

    private static void Assert(int sent, int length)
    {
        if (sent != length)
        {
            throw new InvalidOperationException($"Only {sent} of {length} bytes were sent.");
        }
    }
}
