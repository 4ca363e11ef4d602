using System;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>A server for a <see cref="Crowd"/>: sends every datagram back to where it came from.</summary>
internal sealed class BlockingUdpEcho : IAsyncDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Task _serving;

    public BlockingUdpEcho()
    {
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _serving = Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Crowd.OnThread(Serve)));
    }

    public string Address => $"udp://{_socket.LocalEndPoint}";

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _serving.Within();
    }

    private void Serve()
    {
        var buffer = new byte[2048];
        var sender = new SocketAddress(AddressFamily.InterNetwork);
        try
        {
            while (true)
            {
                var count = _socket.ReceiveFrom(buffer, SocketFlags.None, sender);
                _socket.SendTo(buffer.AsSpan(0, count), SocketFlags.None, sender);
            }
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            // Closed.
        }
    }
}
