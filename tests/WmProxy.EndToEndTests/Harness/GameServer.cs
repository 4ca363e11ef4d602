using System;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>A game's server: hears its players, and tells each of them what happens, asked or not.</summary>
internal sealed class GameServer : IAsyncDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly SocketAddress?[] _players = new SocketAddress?[GameTraffic.Players];
    private readonly Task _hearing;

    public GameServer()
    {
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _hearing = Crowd.OnThread(Hear);
    }

    public string Address => $"udp://{_socket.LocalEndPoint}";

    /// <summary>From the players.</summary>
    public GameTraffic Up { get; } = new(sender: 1);

    /// <summary>To the players.</summary>
    public GameTraffic Down { get; } = new(sender: 2);

    /// <summary>How many addresses the players have, as the server sees them.</summary>
    public int AddressCount => _players.Where(address => address is not null).Distinct().Count();

    public bool HasEveryPlayer => Array.TrueForAll(_players, address => address is not null);

    public Task TellAsync() => Down.SendAsync((player, packet) => _socket.SendTo(packet, SocketFlags.None, _players[player]!));

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _hearing.Within();
    }

    private void Hear()
    {
        var packet = new byte[2048];
        var address = new SocketAddress(AddressFamily.InterNetwork);
        try
        {
            while (true)
            {
                var count = _socket.ReceiveFrom(packet, SocketFlags.None, address);
                var player = GamePacket.Player(packet.AsSpan(0, count));
                if (player is < 0 or >= GameTraffic.Players)
                {
                    Up.Failures.Enqueue($"{count} bytes of nobody");
                    continue;
                }

                if (_players[player] is not { } known)
                {
                    known = new SocketAddress(address.Family, address.Size);
                    address.Buffer[..address.Size].CopyTo(known.Buffer);
                    Volatile.Write(ref _players[player], known);
                }
                else if (!known.Equals(address))
                {
                    Up.Failures.Enqueue($"player {player} comes from {address}, and came from {known} before");
                }

                Up.Received(player, packet.AsSpan(0, count));
            }
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            // The game is over.
        }
    }
}
