using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading.Tasks;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Udp;

/// <summary>What a UDP stream does with datagrams.</summary>
public class UdpForwardingTests
{
    [Theory]
    [InlineData("udp://127.0.0.1:0", "127.0.0.1")]
    [InlineData("udp://*:0", "127.0.0.1")]
    [InlineData("udp://*:0", "::1")]
    [InlineData("udp://[::1]:0", "::1")]
    [InlineData("udp://localhost:0", "127.0.0.1")]
    public async Task Datagrams_FromEmptyToTheLargest_PassWholeBothWays(string listen, string client)
    {
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync(listen, echo.Address);
        using var peer = new UdpPeer(client);
        var proxy = EndPointOf(host, client);

        foreach (var size in new[] { 0, 1, 1472, 1473, 9000, 65507 })
        {
            var payload = TestData.Create(size, seed: (ulong)size + 1);
            peer.Send(payload, proxy);
            var reply = await peer.ReceiveAsync();
            Assert.Equal(payload, reply.Payload);
            Assert.Equal(proxy, reply.From);
        }

        Assert.Single(echo.Senders);
    }

    [Fact]
    public async Task Replies_FromEmptyToTheLargest_PassWhole()
    {
        using var destination = new UdpPeer();
        await using var host = await StartAsync("udp://127.0.0.1:0", destination.Address);
        using var client = new UdpPeer();
        client.Send("any", host.EndPointOf("s"));
        var upstream = (await destination.ReceiveAsync()).From;

        foreach (var size in new[] { 0, 1, 1472, 1473, 9000, 65507, 0 })
        {
            var payload = TestData.Create(size, seed: (ulong)size + 1);
            destination.Send(payload, upstream);
            Assert.Equal(payload, (await client.ReceiveAsync()).Payload);
        }
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.2")]
    [InlineData("127.1.2.3")]
    [InlineData("::1")]
    public async Task Wildcard_ClientOfAnyAddress_IsAnsweredFromThatAddress(string address)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere the system chooses by its routes, and 127.0.0.2 may be nobody's.");
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync("udp://*:0", echo.Address);
        using var client = new UdpPeer(address.Contains(':', StringComparison.Ordinal) ? "::" : "0.0.0.0");
        var proxy = EndPointOf(host, address);

        Assert.Equal(new UdpDatagram("hello"u8.ToArray(), proxy).From, (await client.AskAsync("hello", proxy)).From);
    }

    [Fact]
    public async Task Wildcard_OneClientOnTwoOfItsAddresses_HasASessionOnEach()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere 127.0.0.2 may be nobody's.");
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync("udp://*:0", echo.Address);
        using var client = new UdpPeer("0.0.0.0");
        var (one, two) = (EndPointOf(host, "127.0.0.1"), EndPointOf(host, "127.0.0.2"));

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(one, (await client.AskAsync("1", one)).From);
            Assert.Equal(two, (await client.AskAsync("2", two)).From);
        }

        Assert.Equal(2, echo.Senders.Count);
        Assert.Equal(["127.0.0.1", "127.0.0.2"], host.Connections.Connections.Select(row => ((IPEndPoint)row.LocalEndPoint!).Address.ToString()).Order());
    }

    [Fact]
    public async Task Sessions_OfEachAddressAndPort_HaveASocketOfTheirOwn()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere 127.0.0.2 may be nobody's.");
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync("udp://127.0.0.1:0", echo.Address);
        using var one = new UdpPeer();
        using var samePortElsewhere = new UdpPeer("127.0.0.2", one.Port);
        using var otherPort = new UdpPeer();
        UdpPeer[] clients = [one, samePortElsewhere, otherPort];

        for (var round = 0; round < 3; round++)
        {
            // All before any answer is looked at, so that a mix-up shows.
            for (var i = 0; i < clients.Length; i++)
            {
                clients[i].Send($"{i}", host.EndPointOf("s"));
            }

            for (var i = 0; i < clients.Length; i++)
            {
                Assert.Equal($"{i}", (await clients[i].ReceiveAsync()).Text);
            }
        }

        Assert.Equal(3, echo.Senders.Count);
        Assert.Equal(clients.Select(client => client.EndPoint.ToString()).Order(), host.Connections.Connections.Select(row => row.ClientEndPoint!.ToString()!).Order());
    }

    [Fact]
    public async Task Sessions_OfManyClients_AreOneForEach()
    {
        // The clients are shared out among the sockets of several threads: each must always come to the same.
        const int clients = 300;
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync("udp://*:0", echo.Address);
        var proxy = EndPointOf(host, "127.0.0.1");

        await Parallel.ForAsync(0, clients, new ParallelOptions { MaxDegreeOfParallelism = 20 }, async (i, _) =>
        {
            using var client = new UdpPeer();
            for (var round = 0; round < 5; round++)
            {
                Assert.Equal($"{i} {round}", (await client.AskAsync($"{i} {round}", proxy)).Text);
            }
        });

        // A port that a client gave back may have been another's afterwards.
        var rows = host.Connections.Connections.Select(row => row.ClientEndPoint).ToList();
        Assert.Equal(rows.Count, rows.Distinct().Count());
        Assert.Equal(rows.Count, echo.Senders.Count);
        Assert.InRange(rows.Count, clients / 2, clients);
    }

    [Fact]
    public async Task Replies_OfAStranger_AreNotPassedOn()
    {
        using var destination = new UdpPeer();
        using var stranger = new UdpPeer();
        await using var host = await StartAsync("udp://127.0.0.1:0", destination.Address);
        using var client = new UdpPeer();
        client.Send("request", host.EndPointOf("s"));
        var upstream = (await destination.ReceiveAsync()).From;

        stranger.Send("forged", upstream);
        destination.Send("true", upstream);

        Assert.Equal("true", (await client.ReceiveAsync()).Text);
        stranger.Send("forged", upstream);
        destination.Send("last", upstream);
        Assert.Equal("last", (await client.ReceiveAsync()).Text);
    }

    [Theory]
    [InlineData(100, 100)]
    [InlineData(1200, 1200)]
    [InlineData(1200, 17)]
    [InlineData(0, 0)]
    [InlineData(1, 1472)]
    [InlineData(9000, 9000)]
    public async Task Bursts_OfOneOrTwoSizes_ArriveAsTheyWereSent(int size, int otherSize)
    {
        // Equal datagrams may go through the kernel as one; they are to come out as they were all the same.
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync("udp://127.0.0.1:0", echo.Address);
        using var client = new UdpPeer();
        await client.AskAsync("first", host.EndPointOf("s"));

        for (var round = 0; round < 20; round++)
        {
            var sent = Enumerable.Range(0, 12).Select(i => TestData.Create(i % 5 == 4 ? otherSize : size, seed: (ulong)((100 * round) + i))).ToList();
            sent.ForEach(payload => client.Send(payload, host.EndPointOf("s")));
            foreach (var payload in sent)
            {
                Assert.Equal(payload, (await client.ReceiveAsync()).Payload);
            }
        }

        Assert.Single(echo.Senders);
    }

    [Fact]
    public async Task Bursts_OfReplies_ReachTheirClientsInOrder()
    {
        using var destination = new UdpPeer();
        await using var host = await StartAsync("udp://*:0", destination.Address);
        var proxy = EndPointOf(host, "127.0.0.1");
        using var one = new UdpPeer();
        using var two = new UdpPeer();
        one.Send("1", proxy);
        var toOne = (await destination.ReceiveAsync()).From;
        two.Send("2", proxy);
        var toTwo = (await destination.ReceiveAsync()).From;

        for (var round = 0; round < 20; round++)
        {
            var sent = Enumerable.Range(0, 40).Select(i => TestData.Create(1000, seed: (ulong)((100 * round) + i))).ToList();
            foreach (var payload in sent)
            {
                destination.Send(payload, toOne);
                destination.Send(payload, toTwo);
            }

            foreach (var payload in sent)
            {
                Assert.Equal(payload, (await one.ReceiveAsync()).Payload);
                Assert.Equal(payload, (await two.ReceiveAsync()).Payload);
            }
        }
    }

    [Fact]
    public async Task Client_ThatTakesItsPortAgain_GoesOnAtOnce()
    {
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync("udp://127.0.0.1:0", echo.Address);
        var port = 0;
        for (var i = 0; i < 5; i++)
        {
            using var client = new UdpPeer(port: port);
            port = client.Port;
            Assert.Equal($"{i}", (await client.AskAsync($"{i}", host.EndPointOf("s"))).Text);
        }

        Assert.Single(echo.Senders);
    }

    [Fact]
    public async Task Destination_OnIPv6_IsReached()
    {
        await using var echo = new UdpEchoServer(address: "::1");
        await using var host = await StartAsync("udp://127.0.0.1:0", echo.Address);
        using var client = new UdpPeer();

        Assert.Equal("hello", (await client.AskAsync("hello", host.EndPointOf("s"))).Text);
    }

    [Fact]
    public async Task PortRange_EachPort_IsServed()
    {
        await using var echo = new UdpEchoServer();
        var first = FreePort.NextUdp(3);
        await using var host = await StartAsync($"udp://127.0.0.1:{first}-{first + 2}", echo.Address);
        using var client = new UdpPeer();

        for (var port = first; port < first + 3; port++)
        {
            var proxy = new IPEndPoint(IPAddress.Loopback, port);
            Assert.Equal(proxy, (await client.AskAsync("hello", proxy)).From);
        }

        Assert.Equal(3, echo.Senders.Count);
    }

    [Fact]
    public async Task UdpAndTcp_OnOnePort_StandBesideEachOther()
    {
        await using var udp = new UdpEchoServer();
        await using var tcp = new EchoServer();
        var port = FreePort.NextUdp();
        await using var host = await ProxyHost.StartAsync(
            $$"""
            { "WmProxy": { "Streams": {
              "u": { "Listen": "udp://127.0.0.1:{{port}}", "To": "{{udp.Address}}" },
              "t": { "Listen": "tcp://127.0.0.1:{{port}}", "To": "{{tcp.Address}}" } } } }
            """);
        using var datagrams = new UdpPeer();
        using var connection = await host.ConnectAsync("t");

        Assert.Equal("hello", (await datagrams.AskAsync("hello", host.EndPointOf("u"))).Text);
        await connection.SendAsync("hello");
        Assert.Equal("hello"u8.ToArray(), await connection.ReadExactlyAsync(5));
        Assert.Equal(
            new HashSet<string> { $"udp://127.0.0.1:{port}", $"tcp://127.0.0.1:{port}" },
            host.Listeners.Select(listener => listener.Address).ToHashSet());
    }

    private static IPEndPoint EndPointOf(ProxyHost host, string address) => new(IPAddress.Parse(address), ((IPEndPoint)host.EndPointOf("s")).Port);

    private static Task<ProxyHost> StartAsync(string listen, string to) =>
        ProxyHost.StartAsync($$"""{ "WmProxy": { "Streams": { "s": { "Listen": "{{listen}}", "To": "{{to}}" } } } }""");
}
