using System;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>A server for a <see cref="Crowd"/>: threads that each serve one connection at a time, and send back what they receive.</summary>
internal sealed class BlockingEcho : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Task _serving;

    public BlockingEcho()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);

        // More than there are clients at a time: a connection's end reaches the server later than the client.
        _serving = Task.WhenAll(Enumerable.Range(0, Crowd.Threads * 2).Select(_ => Crowd.OnThread(Serve)));
    }

    public string Address => $"tcp://{_listener.LocalEndPoint}";

    public async ValueTask DisposeAsync()
    {
        // Wakes the threads that wait in accept(2), which closing alone does not.
        _listener.Dispose();
        await _serving.Within();
    }

    private void Serve()
    {
        var buffer = new byte[64];
        while (true)
        {
            try
            {
                using var connection = _listener.Accept();
                for (int count; (count = connection.Receive(buffer)) > 0;)
                {
                    connection.Send(buffer, count, SocketFlags.None);
                }
            }
            catch (SocketException ex) when (ex.SocketErrorCode == SocketError.ConnectionReset)
            {
                // As most of the clients end.
            }
            catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
