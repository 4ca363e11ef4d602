using System;
using System.Net;
using System.Threading.Tasks;
using WmProxy.Clusters;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.ForwardProxy.Access;
using WmProxy.Socks.UdpAssociate;
using WmProxy.Tests.Clusters;
using WmProxy.Tests.Common;
using WmProxy.Udp;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Tests.Socks;

/// <summary>UDP ASSOCIATE through parents; the parent of most tests is another host of the kind under test.</summary>
public sealed class UdpParentTests
{
    private static readonly ForwardRule ThroughParents = new()
    {
        Config = new ForwardRuleConfig { Action = ForwardRuleAction.Allow, ClusterId = "parents" },
        Index = 0,
        ClusterId = "parents",
    };

    [Fact]
    public async Task Associate_ThroughAParent_RelaysBothWaysAndLeavesTheNameToIt()
    {
        await using var parent = new SocksHost();
        parent.Dialer.Names["far.example"] = [IPAddress.Loopback];
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        UseParent(host, parent);
        using var client = await SocksUdpClient.AssociateAsync(host);

        await client.SendAsync(SocksUdpClient.Wrap("far.example", echo.EndPoint.Port, [1, 2]));
        await client.SendAsync(SocksUdpClient.Wrap("far.example", echo.EndPoint.Port, [3]));
        Assert.Equal([1, 2], await echo.EchoAsync());
        Assert.Equal([3], await echo.EchoAsync());

        Assert.Equal(SocksUdpClient.Wrap(echo.EndPoint, [1, 2]), await client.ReceiveAsync());
        Assert.Equal(SocksUdpClient.Wrap(echo.EndPoint, [3]), await client.ReceiveAsync());
        Assert.Equal("far.example", Assert.Single(parent.Dialer.Judged).Target.Host);
        Assert.Equal(("parents", "a"), (client.State.ClusterId, client.State.DestinationId));

        // Counted when it is sent, which the peers may hear of first.
        await Deadline.PollAsync(() => Task.FromResult((client.State.BytesUp, client.State.BytesDown) == (3, 3)));
        Assert.Equal(1, host.Parents.Calls);

        // Ends together.
        client.Control.Dispose();
        await client.Ended.Within();
        await Deadline.PollAsync(() => Task.FromResult(parent.Table.Count == 0));
    }

    [Fact]
    public async Task Associate_WrittenAsAName_IsPassedOnAsTheAddressThatWasJudged()
    {
        await using var parent = new SocksHost();
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        UseParent(host, parent);
        using var client = await SocksUdpClient.AssociateAsync(host);

        await client.SendAsync(SocksUdpClient.Wrap("2130706433", echo.EndPoint.Port, [1]));

        Assert.Equal([1], (await echo.ReceiveAsync()).Data);
        Assert.Equal(IPAddress.Loopback, Assert.Single(parent.Dialer.Judged).Target.Address);
    }

    [Fact]
    public async Task Parent_ThatGoesAway_IsReplacedByTheNextOne()
    {
        await using var first = new SocksHost();
        await using var second = new SocksHost();
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        UseParent(host, first);
        using var client = await SocksUdpClient.AssociateAsync(host);
        await client.SendAsync(echo.EndPoint, [1]);
        await echo.EchoAsync();
        await client.ReceiveAsync();

        UseParent(host, second);
        await first.Table.AbortAllAsync(ConnectionEndReason.Killed, Deadline.Default);

        await Deadline.PollAsync(async () =>
        {
            await client.SendAsync(echo.EndPoint, [2]);
            return second.Dialer.Judged.Count > 0;
        });
        Assert.Equal([2], await echo.EchoAsync());
        Assert.Equal([2], (await client.ReceiveAsync())[10..]);
    }

    [Fact]
    public async Task Parent_ThatIsNotThere_LosesDatagramsAndIsTriedAgain()
    {
        await using var parent = new SocksHost();
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        host.Dialer.Rule = ThroughParents;
        using var client = await SocksUdpClient.AssociateAsync(host);

        await client.SendAsync(echo.EndPoint, [1]);
        await Deadline.PollAsync(() => Task.FromResult(host.Dropped(UdpDropReason.NoDestination) == 1));
        UseParent(host, parent);
        host.Time.Advance(TimeSpan.FromSeconds(6));
        await client.SendAsync(echo.EndPoint, [2]);

        Assert.Equal([2], (await echo.ReceiveAsync()).Data);
        Assert.Equal(2, host.Parents.Calls);
    }

    [Theory]
    [InlineData("http+connect://127.0.0.1:1", "carries no datagrams")]
    [InlineData("https+connect://127.0.0.1:1", "carries no datagrams")]
    public async Task Dialer_OnAParentThatCannotCarryDatagrams_SaysSo(string address, string error)
    {
        var (association, actual) = await AssociateAsync(address, static (_, _) => Task.CompletedTask);

        Assert.Null(association);
        Assert.Contains(error, actual, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("05000001" + "7F000001" + "0035", "127.0.0.1:53", null)]
    [InlineData("05000001" + "00000000" + "0035", "127.0.0.1:53", null)] // where the connection goes to
    [InlineData("05000004" + "00000000000000000000000000000001" + "0035", "[::1]:53", null)]
    [InlineData("05000001" + "7F000001" + "0000", null, "no address that could be used")]
    [InlineData("05000003" + "0161" + "0035", null, "no address that could be used")]
    [InlineData("05070001" + "00000000" + "0000", null, "reply 07")]
    [InlineData("0500", null, "closed the connection")]
    [InlineData("HTTP", null, "does not speak SOCKS 5")]
    public async Task Dialer_OnAReply_TakesTheRelayOrSaysWhyNot(string reply, string? relay, string? error)
    {
        var (association, actual) = await AssociateAsync("socks5://127.0.0.1:1", async (parent, token) =>
        {
            Assert.Equal("05030001" + "000000000000", Convert.ToHexString(await parent.ReadExactlyAsync(10)));
            await parent.SendAsync(reply == "HTTP" ? "HTTP/1.1 400"u8.ToArray() : Convert.FromHexString(reply));
            parent.HalfClose();
            await parent.DrainAsync(token);
        });

        Assert.Equal(relay, association?.Relay.ToString());
        Assert.Equal(error is null, actual is null);
        Assert.Contains(error ?? "", actual ?? "", StringComparison.Ordinal);
        association?.Dispose();
    }

    private static async Task<(UdpParentAssociation? Association, string? Error)> AssociateAsync(
        string address, Func<RawConnection, System.Threading.CancellationToken, Task> script)
    {
        await using var server = new TestServerSocket(script);
        await using var host = new SocksHost();
        var destination = new DestinationState("a", new DestinationModel(new DestinationConfig { Address = address }));
        var dialer = new UdpParentDialer(new FakeClusterDialer(server.EndPoint, destination), TimeProvider.System);
        var result = await dialer.AssociateAsync(host.Proxy, "parents", null, default);
        if (result.Association is null)
        {
            Assert.Equal(0, DestinationConnections.Of(destination).Count);
        }

        return result;
    }

    private static void UseParent(SocksHost host, SocksHost parent)
    {
        host.Dialer.Rule = ThroughParents;
        host.Parents.Associate = async _ =>
        {
            // What UdpParentDialer gets from a real one.
            var dialled = await SocksUdpClient.AssociateAsync(parent);
            var destination = TestCluster.Destination("a");
            return new UdpParentAssociation(
                new SocketTransportStream(dialled.Control.Socket), new DestinationLease(TestCluster.Create(destination), destination), dialled.Relay);
        };
    }
}
