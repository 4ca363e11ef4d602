using System;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Relay;
using WmProxy.Relay.Linux;
using WmProxy.Relay.Portable;
using WmProxy.Tests.Common;
using WmProxy.Tests.Relay.Linux;

namespace WmProxy.Tests.Relay;

/// <summary>A client and a server with a relay between them, on real sockets.</summary>
internal sealed class RelayedPair : IDisposable
{
    private readonly IDisposable[] _loops;

    private RelayedPair(RawConnection client, RawConnection server, RelaySession session, Task<ConnectionEndReason> relay, params IDisposable[] loops)
    {
        Client = client;
        Server = server;
        Session = session;
        Relay = relay;
        _loops = loops;
    }

    public RawConnection Client { get; }

    public RawConnection Server { get; }

    public RelaySession Session { get; }

    /// <summary>Ends with the relay, bounded.</summary>
    public Task<ConnectionEndReason> Relay { get; }

    /// <summary>Connects both and starts the relay, once <paramref name="buffered"/> of the client has been looked at.</summary>
    public static async Task<RelayedPair> StartAsync(RelayWay way, int? receiveBuffer = null, byte[]? buffered = null)
    {
        if (OperatingSystem.IsLinux() && way >= RelayWay.EventLoop)
        {
            var clientLoop = new TestLoop();
            var serverLoop = way == RelayWay.TwoEventLoops ? new TestLoop() : clientLoop;
            var (client, clientStream) = await ConnectAsync(clientLoop, receiveBuffer);
            var (server, serverStream) = await ConnectAsync(serverLoop, receiveBuffer);
            await FillAsync(client, clientStream, buffered);
            return Start(new LinuxRelayEngine(), client, clientStream, server, serverStream, clientLoop, serverLoop);
        }
        else
        {
            var (client, clientStream) = await ConnectAsync(receiveBuffer);
            var (server, serverStream) = await ConnectAsync(receiveBuffer);
            await FillAsync(client, clientStream, buffered);
            return Start(new PortableRelayEngine(directCalls: way == RelayWay.DirectCalls), client, clientStream, server, serverStream);
        }
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
        Session.AbortBoth();
        Array.ForEach(_loops, loop => loop.Dispose());
    }

    private static RelayedPair Start(
        IRelayEngine engine, RawConnection client, TransportStream clientStream, RawConnection server, TransportStream serverStream, params IDisposable[] loops)
    {
        var session = new RelaySession(clientStream, serverStream);
        return new RelayedPair(client, server, session, engine.RelayAsync(session).AsTask().WaitAsync(Deadline.Bulk), loops);
    }

    private static async Task FillAsync(RawConnection client, TransportStream stream, byte[]? bytes)
    {
        if (bytes is not null)
        {
            await client.SendAsync(bytes);
            while (stream.Buffered.Length < bytes.Length)
            {
                await stream.FillBufferAsync(64 * 1024, default);
            }
        }
    }

    private static async Task<(RawConnection Outer, TransportStream Inner)> ConnectAsync(int? receiveBuffer)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.OutOfBandInline, true);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var outer = await RawClient.ConnectAsync(listener.LocalEndPoint!, receiveBuffer);
        var inner = await listener.AcceptAsync();
        inner.NoDelay = true;
        return (outer, new SocketTransportStream(inner));
    }

    [SupportedOSPlatform("linux")]
    private static async Task<(RawConnection Outer, TransportStream Inner)> ConnectAsync(TestLoop loop, int? receiveBuffer)
    {
        var connection = await LoopConnection.ConnectAsync(loop, receiveBuffer: receiveBuffer);
        return (connection.Peer, connection.Stream);
    }
}
