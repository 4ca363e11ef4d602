using System;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.ForwardProxy;
using WmProxy.ForwardProxy.Access;
using WmProxy.Relay.Bandwidth;
using WmProxy.Tests.Common;
using WmProxy.Udp;

namespace WmProxy.Tests.Socks;

public sealed class UdpAssociateTests
{
    [Fact]
    public async Task Associate_ByAddress_RelaysBothWaysWithTheHeaderOfTheRfc()
    {
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        using var client = await SocksUdpClient.AssociateAsync(host);

        await client.SendAsync(echo.EndPoint, "query"u8.ToArray());
        Assert.Equal("query"u8.ToArray(), await echo.EchoAsync());

        Assert.Equal(SocksUdpClient.Wrap(echo.EndPoint, "query"u8), await client.ReceiveAsync());
        Assert.Equal(IPAddress.Loopback, client.Relay.Address);
        await Deadline.PollAsync(() => Task.FromResult((client.State.BytesUp, client.State.BytesDown) == (5, 5)));
        var asked = Assert.Single(host.Dialer.Judged);
        Assert.Equal((ForwardCommand.UdpAssociate, echo.EndPoint.Port, IPAddress.Loopback), (asked.Command, asked.Target.Port, asked.Client));
    }

    [Fact]
    public async Task Associate_ToIPv6FromIPv4_Works()
    {
        await using var host = new SocksHost();
        using var echo = new UdpEcho(IPAddress.IPv6Loopback);
        using var client = await SocksUdpClient.AssociateAsync(host);

        await client.SendAsync(echo.EndPoint, [1, 2, 3]);
        await echo.EchoAsync();

        Assert.Equal(SocksUdpClient.Wrap(echo.EndPoint, [1, 2, 3]), await client.ReceiveAsync());
    }

    [Fact]
    public async Task Associate_FromIPv6_IsRelayedThere()
    {
        await using var host = new SocksHost(listenOn: IPAddress.IPv6Loopback);
        using var echo = new UdpEcho();
        using var client = await SocksUdpClient.AssociateAsync(host);

        await client.SendAsync(echo.EndPoint, [1]);
        await echo.EchoAsync();

        Assert.Equal(IPAddress.IPv6Loopback, client.Relay.Address);
        Assert.Equal(SocksUdpClient.Wrap(echo.EndPoint, [1]), await client.ReceiveAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1500)]
    [InlineData(65507 - 10)]
    public async Task Datagram_OfAnySizeThatFits_IsNeverCut(int size)
    {
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        using var client = await SocksUdpClient.AssociateAsync(host);
        var data = new byte[size];
        new Random(size).NextBytes(data);

        await client.SendAsync(echo.EndPoint, data);

        Assert.Equal(data, await echo.EchoAsync());
        Assert.Equal(data, (await client.ReceiveAsync())[10..]);
    }

    [Fact]
    public async Task Reply_ThatIsTooLargeWithItsHeader_IsDroppedWhole()
    {
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        using var client = await SocksUdpClient.AssociateAsync(host);
        await client.SendAsync(echo.EndPoint, [1]);
        var (_, relay) = await echo.ReceiveAsync();

        await echo.SendAsync(new byte[65507], relay);
        await echo.SendAsync([2], relay);

        Assert.Equal(SocksUdpClient.Wrap(echo.EndPoint, [2]), await client.ReceiveAsync());
        await WaitForDropsAsync(host, UdpDropReason.SendFailed);
    }

    [Fact]
    public async Task Datagram_FromAnotherAddress_IsDropped()
    {
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        using var client = await SocksUdpClient.AssociateAsync(host);
        using var stranger = new UdpEcho(IPAddress.Parse("127.0.0.2"));

        await stranger.SendAsync(SocksUdpClient.Wrap(echo.EndPoint, "theirs"u8), client.Relay);
        await client.SendAsync(echo.EndPoint, "mine"u8.ToArray());

        Assert.Equal("mine"u8.ToArray(), await echo.EchoAsync());
        Assert.Equal("mine"u8.ToArray(), (await client.ReceiveAsync())[10..]);
        Assert.Equal(1, host.Dropped(UdpDropReason.ForeignSender));
        Assert.True(echo.IsEmpty);
    }

    [Fact]
    public async Task Datagram_FromAnotherPortThanTheFirst_IsDropped()
    {
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        using var client = await SocksUdpClient.AssociateAsync(host);
        using var stranger = new UdpEcho();

        // Nonsense is nobody's first datagram.
        await stranger.SendAsync([1, 2, 3], client.Relay);
        await client.SendAsync(echo.EndPoint, [1]);
        await echo.EchoAsync();
        await client.ReceiveAsync();
        await stranger.SendAsync(SocksUdpClient.Wrap(echo.EndPoint, [2]), client.Relay);
        await client.SendAsync(echo.EndPoint, [3]);

        Assert.Equal([3], await echo.EchoAsync());
        Assert.Equal([3], (await client.ReceiveAsync())[10..]);
        Assert.Equal((1, 1), (host.Dropped(UdpDropReason.ForeignSender), host.Dropped(UdpDropReason.Malformed)));
    }

    [Fact]
    public async Task Datagram_FromAnotherPortThanTheRequestSaid_IsDropped()
    {
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        using var right = new UdpEcho();
        using var client = await SocksUdpClient.AssociateAsync(host, right.EndPoint.Port);

        await client.SendAsync(echo.EndPoint, [1]);
        await right.SendAsync(SocksUdpClient.Wrap(echo.EndPoint, [2]), client.Relay);

        Assert.Equal([2], await echo.EchoAsync());
        Assert.Equal(SocksUdpClient.Wrap(echo.EndPoint, [2]), (await right.ReceiveAsync()).Data);
        Assert.Equal(1, host.Dropped(UdpDropReason.ForeignSender));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("0000000000000000")]
    [InlineData("000000017F000001")]
    [InlineData("000000017F0000010000FF")]
    [InlineData("01000001" + "7F000001" + "0035")]
    [InlineData("00000003" + "00" + "0035")]
    [InlineData("00000003" + "036100620035")]
    [InlineData("00000003" + "FF61")]
    public async Task Datagram_Malformed_IsDroppedAndCountedAndNothingElse(string hex)
    {
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        using var client = await SocksUdpClient.AssociateAsync(host);

        await client.SendAsync(Convert.FromHexString(hex));
        await client.SendAsync(echo.EndPoint, [1]);
        await echo.EchoAsync();

        Assert.Equal(SocksUdpClient.Wrap(echo.EndPoint, [1]), await client.ReceiveAsync());
        Assert.Equal(1, host.Dropped(UdpDropReason.Malformed));
        Assert.Single(host.Dialer.Judged);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0x7F)]
    [InlineData(0x80)]
    [InlineData(0xFF)]
    public async Task Fragment_IsDroppedAndTheAssociationGoesOn(byte fragment)
    {
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        using var client = await SocksUdpClient.AssociateAsync(host);
        var datagram = SocksUdpClient.Wrap(echo.EndPoint, [1]);
        datagram[2] = fragment;

        await client.SendAsync(datagram);
        await client.SendAsync(echo.EndPoint, [2]);

        Assert.Equal([2], await echo.EchoAsync());
        Assert.Equal([2], (await client.ReceiveAsync())[10..]);
        Assert.Equal(1, host.Dropped(UdpDropReason.Fragmented));
    }

    [Fact]
    public async Task Destination_Denied_GetsNothingAndIsJudgedOnce()
    {
        await using var host = new SocksHost();
        using var denied = new UdpEcho();
        using var echo = new UdpEcho();
        host.Dialer.Refuse = request => request.Target.Port == denied.EndPoint.Port ? ForwardRefusal.GuardDenied : ForwardRefusal.None;
        using var client = await SocksUdpClient.AssociateAsync(host);

        for (var i = 0; i < 10; i++)
        {
            await client.SendAsync(denied.EndPoint, [1]);
        }

        await client.SendAsync(echo.EndPoint, [2]);
        await echo.EchoAsync();
        await client.ReceiveAsync();

        Assert.Equal(10, host.Dropped(UdpDropReason.DestinationDenied));
        Assert.True(denied.IsEmpty);
        Assert.Equal(2, host.Dialer.Judged.Count);
    }

    [Fact]
    public async Task Burst_ToOneDestination_CostsOneJudgement()
    {
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        using var client = await SocksUdpClient.AssociateAsync(host);

        for (var i = 0; i < 50; i++)
        {
            await client.SendAsync(echo.EndPoint, [(byte)i]);
            Assert.Equal([(byte)i], await echo.EchoAsync());
            await client.ReceiveAsync();
        }

        Assert.Single(host.Dialer.Judged);
    }

    [Fact]
    public async Task Verdict_AfterSomeSeconds_IsAskedForAgain()
    {
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        using var client = await SocksUdpClient.AssociateAsync(host);
        await client.SendAsync(echo.EndPoint, [1]);
        await echo.EchoAsync();
        await client.ReceiveAsync();

        host.Dialer.Refuse = _ => ForwardRefusal.RuleDenied;
        await client.SendAsync(echo.EndPoint, [2]);
        Assert.Equal([2], (await echo.ReceiveAsync()).Data);
        host.Time.Advance(TimeSpan.FromSeconds(6));
        await client.SendAsync(echo.EndPoint, [3]);
        await Deadline.PollAsync(() => Task.FromResult(host.Dropped(UdpDropReason.DestinationDenied) == 1));

        // And is allowed again in time.
        host.Dialer.Refuse = _ => ForwardRefusal.None;
        host.Time.Advance(TimeSpan.FromSeconds(6));
        await client.SendAsync(echo.EndPoint, [4]);
        Assert.Equal([4], (await echo.ReceiveAsync()).Data);
        Assert.Equal(3, host.Dialer.Judged.Count);
    }

    [Fact]
    public async Task Verdict_AfterAReload_IsAskedForAgainAtOnce()
    {
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        using var client = await SocksUdpClient.AssociateAsync(host);
        await client.SendAsync(echo.EndPoint, [1]);
        await echo.EchoAsync();
        await client.ReceiveAsync();

        host.Dialer.Refuse = _ => ForwardRefusal.RuleDenied;
        host.Reload();
        await client.SendAsync(echo.EndPoint, [2]);

        await Deadline.PollAsync(() => Task.FromResult(host.Dropped(UdpDropReason.DestinationDenied) == 1));
        Assert.True(echo.IsEmpty);
    }

    [Fact]
    public async Task Association_WhoseUserIsGone_IsRevoked()
    {
        await using var host = new SocksHost();
        using var client = await SocksUdpClient.AssociateAsync(host);

        Assert.Single(host.Proxy.State.LiveRequests.All).Revoke();

        Assert.Equal(ReadEnd.Reset, (await client.Control.ReadToEndAsync()).End);
        await client.Ended.Within();
        Assert.Equal(ConnectionEndReason.AccessRevoked, client.State.EndReason);
    }

    [Fact]
    public async Task Name_ThatIsSlowToResolve_HoldsNobodyElseUpAndLosesNothing()
    {
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        using var other = new UdpEcho();
        var resolved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Dialer.Names["slow.example"] = [IPAddress.Loopback];
        host.Dialer.Wait = (request, token) => request.Target.Address is null ? resolved.Task.WaitAsync(token) : Task.CompletedTask;
        using var client = await SocksUdpClient.AssociateAsync(host);

        await client.SendAsync(SocksUdpClient.Wrap("slow.example", echo.EndPoint.Port, [1]));
        await client.SendAsync(SocksUdpClient.Wrap("slow.example", echo.EndPoint.Port, [2]));
        await client.SendAsync(other.EndPoint, [3]);
        Assert.Equal([3], await other.EchoAsync());
        Assert.Equal([3], (await client.ReceiveAsync())[10..]);
        resolved.SetResult();

        Assert.Equal([1], await echo.EchoAsync());
        Assert.Equal([2], await echo.EchoAsync());

        // The answer tells the address, as in RFC 1928 section 7.
        Assert.Equal(SocksUdpClient.Wrap(echo.EndPoint, [1]), await client.ReceiveAsync());
        Assert.Equal("slow.example", host.Dialer.Judged[0].Target.Host);
    }

    [Fact]
    public async Task Name_ThatIsBeingResolved_HoldsALimitedNumber()
    {
        await using var host = new SocksHost();
        var resolved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Dialer.Wait = (_, token) => resolved.Task.WaitAsync(token);
        using var client = await SocksUdpClient.AssociateAsync(host);

        for (var i = 0; i < 40; i++)
        {
            await client.SendAsync(SocksUdpClient.Wrap("slow.example", 53, [1]));
        }

        await Deadline.PollAsync(() => Task.FromResult(host.Dropped(UdpDropReason.Resolving) == 24));
        resolved.SetResult();
        await Deadline.PollAsync(() => Task.FromResult(host.Dropped(UdpDropReason.ConnectFailed) == 16));
        Assert.Single(host.Dialer.Judged);
    }

    [Fact]
    public async Task Names_ThatAreBeingResolved_AreLimitedInNumberAndBytes()
    {
        await using var host = new SocksHost();
        host.Dialer.Wait = (_, token) => Task.Delay(Timeout.Infinite, token);
        using var client = await SocksUdpClient.AssociateAsync(host);

        for (var i = 0; i < 20; i++)
        {
            // 4 times 60,000 bytes find room, and 16 names are looked up at a time.
            await client.SendAsync(SocksUdpClient.Wrap($"slow{i}.example", 53, new byte[60_000]));
            await Deadline.PollAsync(() => Task.FromResult(
                host.Dropped(UdpDropReason.Resolving) == Math.Max(0, i + 1 - 4) && host.Dialer.Judged.Count == Math.Min(16, i + 1)));
        }
    }

    [Fact]
    public async Task Address_ThatCannotBeReachedFromHere_IsFollowedByTheNext()
    {
        await using var host = new SocksHost();
        using var echo = new UdpEcho();

        // A socket may not send to everybody unless it says so (EACCES).
        host.Dialer.Names["two.example"] = [IPAddress.Broadcast, IPAddress.Loopback];
        using var client = await SocksUdpClient.AssociateAsync(host);

        await client.SendAsync(SocksUdpClient.Wrap("two.example", echo.EndPoint.Port, [1]));

        Assert.Equal([1], await echo.EchoAsync());
        Assert.Equal([1], (await client.ReceiveAsync())[10..]);
    }

    [Fact]
    public async Task Reply_FromSomebodyWhoWasNotAsked_IsDropped()
    {
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        using var stranger = new UdpEcho();
        using var client = await SocksUdpClient.AssociateAsync(host);
        await client.SendAsync(echo.EndPoint, [1]);
        var (_, relay) = await echo.ReceiveAsync();

        await stranger.SendAsync([9], relay);
        await echo.SendAsync([2], relay);

        Assert.Equal(SocksUdpClient.Wrap(echo.EndPoint, [2]), await client.ReceiveAsync());
        Assert.Equal(1, host.Dropped(UdpDropReason.ForeignSender));
    }

    [Fact]
    public async Task Destinations_BeyondTheLimit_MakeRoomAndAreFoundAgain()
    {
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        using var client = await SocksUdpClient.AssociateAsync(host);
        host.Dialer.Refuse = request => request.Target.Port == echo.EndPoint.Port ? ForwardRefusal.None : ForwardRefusal.RuleDenied;
        await client.SendAsync(echo.EndPoint, [1]);
        await echo.EchoAsync();
        await client.ReceiveAsync();

        for (var i = 0; i < 1100; i++)
        {
            await client.SendAsync(new IPEndPoint(new IPAddress([192, 0, 2, (byte)i]), 20_000 + i), [1]);
            if (i % 100 == 99)
            {
                await Deadline.PollAsync(() => Task.FromResult(host.Dropped(UdpDropReason.DestinationDenied) == i + 1));
            }
        }

        await client.SendAsync(echo.EndPoint, [2]);
        Assert.Equal([2], await echo.EchoAsync());
        Assert.Equal([2], (await client.ReceiveAsync())[10..]);
        Assert.Equal(2, host.Dialer.Judged.Count(request => request.Target.Port == echo.EndPoint.Port));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Association_EndsWithItsConnection(bool reset)
    {
        await using var host = new SocksHost();
        using var client = await SocksUdpClient.AssociateAsync(host);

        if (reset)
        {
            client.Control.Reset();
        }
        else
        {
            client.Control.HalfClose();
            Assert.Equal(ReadEnd.Fin, (await client.Control.ReadToEndAsync()).End);
        }

        await client.Ended.Within();
        Assert.Equal(reset ? ConnectionEndReason.ClientReset : ConnectionEndReason.Completed, client.State.EndReason);
        using var again = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        again.Bind(client.Relay);
    }

    [Fact]
    public async Task Association_ThatIsIdle_EndsAndOneThatIsNotDoesNot()
    {
        await using var host = new SocksHost(new ForwardProxyConfig { ProxyId = "test", UdpAssociate = new UdpAssociateConfig { IdleTimeout = TimeSpan.FromSeconds(30) } });
        using var echo = new UdpEcho();
        using var client = await SocksUdpClient.AssociateAsync(host);

        for (var i = 0; i < 3; i++)
        {
            host.Time.Advance(TimeSpan.FromSeconds(20));
            await client.SendAsync(echo.EndPoint, [1]);
            await Deadline.PollAsync(() => Task.FromResult(client.State.BytesUp == i + 1));
        }

        Assert.Equal(ConnectionEndReason.None, client.State.EndReason);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        host.Time.Advance(TimeSpan.FromSeconds(40));
        host.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(ReadEnd.Reset, (await client.Control.ReadToEndAsync()).End);
        await client.Ended.Within();
        Assert.Equal(ConnectionEndReason.IdleTimeout, client.State.EndReason);
    }

    [Fact]
    public async Task Association_BeyondTheLimitOfItsClient_IsRefused()
    {
        await using var host = new SocksHost(new ForwardProxyConfig { ProxyId = "test", UdpAssociate = new UdpAssociateConfig { MaxAssociationsPerClient = 1 } });
        using (var first = await SocksUdpClient.AssociateAsync(host))
        {
            var (second, state, ended) = await host.ConnectAsync();
            using var connection = second;
            await second.SendAsync((byte[])[5, 1, 0, .. Socks5HandlerTests.Request(3, IPAddress.Any, 0)]);
            Assert.Equal("0500" + "05020001" + "000000000000", Convert.ToHexString((await second.ReadToEndAsync()).Data));
            second.Dispose();
            await ended.Within();
            Assert.Equal(ConnectionEndReason.ClientConnectionLimit, state.EndReason);
            first.Control.Dispose();
            await first.Ended.Within();
        }

        using var third = await SocksUdpClient.AssociateAsync(host);
    }

    [Fact]
    public async Task Association_ThatIsNotEnabled_IsRefused()
    {
        await using var host = new SocksHost(new ForwardProxyConfig { ProxyId = "test", UdpAssociate = new UdpAssociateConfig { Enabled = false } });
        var (client, _, ended) = await host.ConnectAsync();
        using var connection = client;

        await client.SendAsync((byte[])[5, 1, 0, .. Socks5HandlerTests.Request(3, IPAddress.Any, 0)]);

        Assert.Equal("0500" + "05070001" + "000000000000", Convert.ToHexString((await client.ReadToEndAsync()).Data));
        client.Dispose();
        await ended.Within();
    }

    [Fact]
    public async Task Ports_AndAdvertisedAddress_AreUsed()
    {
        var first = FreePort.Next();
        await using var host = new SocksHost(new ForwardProxyConfig
        {
            ProxyId = "test",
            UdpAssociate = new UdpAssociateConfig { AdvertisedAddress = IPAddress.Parse("198.51.100.7"), Ports = $"{first}-{first}" },
        });
        var (client, _, _) = await host.ConnectAsync();
        using var connection = client;
        await client.SendAsync((byte[])[5, 1, 0, .. Socks5HandlerTests.Request(3, IPAddress.Any, 0)]);
        Assert.Equal("0500" + "05000001" + "C6336407" + first.ToString("X4", null), Convert.ToHexString(await client.ReadExactlyAsync(12)));

        // There is but one.
        var (second, _, ended) = await host.ConnectAsync();
        using var other = second;
        await second.SendAsync((byte[])[5, 1, 0, .. Socks5HandlerTests.Request(3, IPAddress.Any, 0)]);
        Assert.Equal("0500" + "05010001" + "000000000000", Convert.ToHexString((await second.ReadToEndAsync()).Data));
        second.Dispose();
        await ended.Within();
    }

    [Fact]
    public async Task Bandwidth_OfTheRule_DropsWhatIsBeyondIt()
    {
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        host.Dialer.Rule = new ForwardRule
        {
            Config = new ForwardRuleConfig { Action = ForwardRuleAction.Allow },
            Index = 0,
            Bandwidth = BandwidthModel.Compile(new BandwidthConfig { Upload = 1000 }, null, host.Time),
        };
        using var client = await SocksUdpClient.AssociateAsync(host);

        // The burst is 16 KiB.
        await client.SendAsync(echo.EndPoint, new byte[16_000]);
        Assert.Equal(16_000, (await echo.ReceiveAsync()).Data.Length);
        await client.SendAsync(echo.EndPoint, new byte[16_000]);

        await Deadline.PollAsync(() => Task.FromResult(host.Dropped(UdpDropReason.Bandwidth) == 1 && client.State.BytesUp == 16_000));
    }

    [Fact]
    public async Task Control_BytesAfterTheReply_AreIgnored()
    {
        await using var host = new SocksHost();
        using var echo = new UdpEcho();
        using var client = await SocksUdpClient.AssociateAsync(host);

        await client.Control.SendAsync(new byte[1000]);
        await client.SendAsync(echo.EndPoint, [1]);
        await echo.EchoAsync();

        Assert.Equal([1], (await client.ReceiveAsync())[10..]);
    }

    [Fact]
    public async Task Datagrams_OfRandomBytes_LeaveTheAssociationWhole()
    {
        await using var host = new SocksHost();
        host.Dialer.Refuse = _ => ForwardRefusal.RuleDenied;
        using var client = await SocksUdpClient.AssociateAsync(host);
        var random = new Random(7);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = new byte[random.Next(40)];
            random.NextBytes(bytes);
            if (bytes.Length > 4 && random.Next(4) != 0)
            {
                (bytes[0], bytes[1], bytes[2], bytes[3]) = (0, 0, 0, (byte)random.Next(5));
            }

            await client.SendAsync(bytes);
        }

        using var echo = new UdpEcho();
        host.Dialer.Refuse = _ => ForwardRefusal.None;
        await Deadline.PollAsync(async () =>
        {
            await client.SendAsync(echo.EndPoint, "still here"u8.ToArray());
            return !echo.IsEmpty;
        });
        Assert.Equal("still here"u8.ToArray(), (await echo.ReceiveAsync()).Data);
    }

    private static Task WaitForDropsAsync(SocksHost host, UdpDropReason reason) =>
        Deadline.PollAsync(() => Task.FromResult(host.Dropped(reason) == 1), what: $"1 dropped for {reason}");
}
