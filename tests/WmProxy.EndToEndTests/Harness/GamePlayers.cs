using System;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>The players of a game, each on a socket of its own.</summary>
internal sealed class GamePlayers : IAsyncDisposable
{
    private readonly Socket[] _sockets;
    private readonly Task _hearing;

    public GamePlayers(IPEndPoint target, GameTraffic down)
    {
        _sockets = [.. Enumerable.Range(0, GameTraffic.Players).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))];
        foreach (var socket in _sockets)
        {
            socket.Connect(target);
        }

        _hearing = Task.WhenAll(_sockets.Select((socket, player) => HearAsync(player, socket, down)));
    }

    public Task MoveAsync(GameTraffic up) => up.SendAsync((player, packet) => _sockets[player].Send(packet));

    public async ValueTask DisposeAsync()
    {
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }

        await _hearing.Within();
    }

    private static async Task HearAsync(int player, Socket socket, GameTraffic down)
    {
        var packet = new byte[GamePacket.Length * 2];
        try
        {
            while (true)
            {
                var count = await socket.ReceiveAsync(packet);
                down.Received(player, packet.AsSpan(0, count));
            }
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            // The game is over.
        }
    }
}
