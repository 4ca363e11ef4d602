using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Streams;

/// <summary>A thousand players, thirty packets a second from each and to each, for three seconds.</summary>
public sealed class UdpGameTests
{
    [Theory, ClassData(typeof(Engines))]
    public async Task Stream_ThousandPlayers_EveryPacketArrivesOnceInOrderAndAtItsPlayer(string engine)
    {
        await using var server = new GameServer();
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "WmProxy": { "Engine": "{{engine}}", "Streams": { "game": { "Listen": "udp://127.0.0.2:0", "To": "{{server.Address}}" } } }
            }
            """);
        await using var players = new GamePlayers(proxy.EndPoint("127.0.0.2"), server.Down);

        // The server speaks to those who have joined, on its own account.
        var moving = players.MoveAsync(server.Up);
        await Deadline.PollAsync(() => Task.FromResult(server.HasEveryPlayer || !server.Up.Failures.IsEmpty));
        await Task.WhenAll(moving, server.TellAsync());
        await ArrivedAsync(server.Up);
        await ArrivedAsync(server.Down);

        Assert.Equal(GameTraffic.Players, server.AddressCount);
    }

    private static async Task ArrivedAsync(GameTraffic traffic)
    {
        try
        {
            await Deadline.PollAsync(() => Task.FromResult(traffic.IsComplete || !traffic.Failures.IsEmpty));
        }
        finally
        {
            Assert.True(traffic.IsComplete && traffic.Failures.IsEmpty, traffic.ToString());
        }
    }
}
