using System;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Relay;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Relay;

/// <summary>A client and a server with a relay between them, on real sockets.</summary>
internal sealed class RelayedPair : IDisposable
{
    private RelayedPair(RawConnection client, RawConnection server, RelaySession session, Task<ConnectionEndReason> relay)
    {
        Client = client;
        Server = server;
        Session = session;
        Relay = relay;
    }

    public RawConnection Client { get; }

    public RawConnection Server { get; }

    public RelaySession Session { get; }

    /// <summary>Ends with the relay, bounded.</summary>
    public Task<ConnectionEndReason> Relay { get; }

    public static async Task<RelayedPair> StartAsync(IRelayEngine engine, int? receiveBuffer = null, byte[]? buffered = null)
    {
        var (client, clientSide) = await ConnectAsync(receiveBuffer);
        var (server, serverSide) = await ConnectAsync(receiveBuffer);
        var clientStream = new SocketTransportStream(clientSide);
        if (buffered is not null)
        {
            await client.SendAsync(buffered);
            while (clientStream.Buffered.Length < buffered.Length)
            {
                await clientStream.FillBufferAsync(64 * 1024, default);
            }
        }

        var session = new RelaySession(clientStream, new SocketTransportStream(serverSide));
        var relay = engine.RelayAsync(session).AsTask();
        return new RelayedPair(client, server, session, relay.WaitAsync(Deadline.Bulk));
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
        Session.AbortBoth();
    }

    private static async Task<(RawConnection Outer, Socket Inner)> ConnectAsync(int? receiveBuffer)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var outer = await RawClient.ConnectAsync(listener.LocalEndPoint!, receiveBuffer);
        var inner = await listener.AcceptAsync();
        inner.NoDelay = true;
        return (outer, inner);
    }
}
