using System;
using System.Linq;
using System.Net;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Connections;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Udp;

/// <summary>How sessions begin and end, and what limits them.</summary>
public class UdpSessionTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task IdleTimeout_DatagramsEitherWay_StartItAgain()
    {
        using var destination = new UdpPeer();
        await using var host = await StartAsync(destination.Address, """ "IdleTimeout": "10s" """);
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        client.Send("hello", host.EndPointOf("s"));
        var upstream = (await destination.ReceiveAsync()).From;
        for (var i = 0; i < 6; i++)
        {
            // One way, then the other; empty ones count too.
            _time.Advance(TimeSpan.FromSeconds(8));
            if (i % 2 == 0)
            {
                destination.Send("", upstream);
                Assert.Empty((await client.ReceiveAsync()).Payload);
            }
            else
            {
                client.Send("", host.EndPointOf("s"));
                Assert.Equal(upstream, (await destination.ReceiveAsync()).From);
            }
        }

        var (record, elapsed) = await _time.AdvanceUntilAsync(records.NextAsync());

        Assert.Equal("IdleTimeout", record.Reason);
        Assert.InRange(elapsed, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(28));
        await host.WaitForConnectionsAsync(connections => connections.Count == 0);
        client.Send("again", host.EndPointOf("s"));
        Assert.NotEqual(upstream, (await destination.ReceiveAsync()).From);
    }

    [Fact]
    public async Task IdleTimeout_NotSet_IsAMinute()
    {
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync(echo.Address);
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        await client.AskAsync("hello", host.EndPointOf("s"));

        var (_, elapsed) = await _time.AdvanceUntilAsync(records.NextAsync());

        Assert.InRange(elapsed, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(78));
    }

    [Fact]
    public async Task Requests_Reached_BeginsAnotherSessionAndStillPassesRepliesOn()
    {
        using var destination = new UdpPeer();
        await using var host = await StartAsync(destination.Address, """ "Requests": 2 """);
        using var client = new UdpPeer();
        var from = new IPEndPoint[5];
        for (var i = 0; i < from.Length; i++)
        {
            client.Send($"{i}", host.EndPointOf("s"));
            from[i] = (await destination.ReceiveAsync()).From;
        }

        Assert.Equal(from[0], from[1]);
        Assert.Equal(from[2], from[3]);
        Assert.Equal(3, from.Distinct().Count());
        Assert.Equal(3, host.Connections.Count);
        foreach (var upstream in from)
        {
            destination.Send($"to {upstream.Port}", upstream);
            Assert.Equal($"to {upstream.Port}", (await client.ReceiveAsync()).Text);
        }
    }

    [Fact]
    public async Task Requests_BurstOfMany_IsCutUpInOrder()
    {
        using var destination = new UdpPeer();
        await using var host = await StartAsync(destination.Address, """ "Requests": 3 """);
        using var client = new UdpPeer();
        for (var i = 0; i < 20; i++)
        {
            client.Send($"{i}", host.EndPointOf("s"));
        }

        var received = new UdpDatagram[20];
        for (var i = 0; i < received.Length; i++)
        {
            received[i] = await destination.ReceiveAsync();
        }

        var sessions = received.GroupBy(datagram => datagram.From).ToList();
        Assert.Equal(7, sessions.Count);
        Assert.Equal([2, 3, 3, 3, 3, 3, 3], sessions.Select(session => session.Count()).Order());
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}").Order(), received.Select(datagram => datagram.Text).Order());
        Assert.All(sessions, session => Assert.Equal(session.Select(datagram => int.Parse(datagram.Text)).Order(), session.Select(datagram => int.Parse(datagram.Text))));
    }

    [Fact]
    public async Task Responses_Reached_EndsTheSession()
    {
        using var destination = new UdpPeer();
        await using var host = await StartAsync(destination.Address, """ "Responses": 2 """);
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        client.Send("question", host.EndPointOf("s"));
        var upstream = (await destination.ReceiveAsync()).From;

        destination.Send("1", upstream);
        Assert.Equal("1", (await client.ReceiveAsync()).Text);
        Assert.Equal(1, host.Connections.Count);
        destination.Send("2", upstream);
        Assert.Equal("2", (await client.ReceiveAsync()).Text);

        Assert.Equal("Completed", (await records.NextAsync()).Reason);
        await host.WaitForConnectionsAsync(connections => connections.Count == 0);
        client.Send("next question", host.EndPointOf("s"));
        Assert.NotEqual(upstream, (await destination.ReceiveAsync()).From);
        await Deadline.PollAsync(() => Task.FromResult((records.BytesUp, records.BytesDown) == (8, 2)));
    }

    [Fact]
    public async Task Responses_MoreAtOnce_PassesOnNoMoreThanThat()
    {
        using var destination = new UdpPeer();
        await using var host = await StartAsync(destination.Address, """ "Responses": 3, "Bandwidth": { "Upload": "1MB/s" } """);
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        for (var round = 0; round < 5; round++)
        {
            client.Send("question", host.EndPointOf("s"));
            var upstream = (await destination.ReceiveAsync()).From;
            for (var i = 0; i < 10; i++)
            {
                destination.Send($"{round} {i}", upstream);
            }

            for (var i = 0; i < 3; i++)
            {
                Assert.Equal($"{round} {i}", (await client.ReceiveAsync()).Text);
            }

            Assert.Equal("Completed", (await records.NextAsync()).Reason);
        }

        // What was too many in the last round would come before this, as it would before the next round in all others.
        client.Send("question", host.EndPointOf("s"));
        destination.Send("after all", (await destination.ReceiveAsync()).From);
        Assert.Equal("after all", (await client.ReceiveAsync()).Text);
    }

    [Fact]
    public async Task MaxSessions_Reached_DropsAndCountsTheDatagramsOfOthers()
    {
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync(echo.Address, """ "MaxSessions": 2, "IdleTimeout": "10s" """);
        using var records = new ConnectionRecords(host);
        using var one = new UdpPeer();
        using var two = new UdpPeer();
        using var three = new UdpPeer();
        await one.AskAsync("1", host.EndPointOf("s"));
        await two.AskAsync("2", host.EndPointOf("s"));

        for (var i = 0; i < 5; i++)
        {
            three.Send("3", host.EndPointOf("s"));
        }

        await records.WaitForDroppedAsync("SessionLimit", 5);
        Assert.Equal(5, records.Dropped["SessionLimit"]);
        Assert.Equal("1", (await one.AskAsync("1", host.EndPointOf("s"))).Text);
        Assert.Equal(2, echo.Senders.Count);

        // One that goes on and one that does not.
        _time.Advance(TimeSpan.FromSeconds(8));
        await one.AskAsync("1", host.EndPointOf("s"));
        await _time.AdvanceUntilAsync(records.NextAsync());
        Assert.Equal("3", (await three.AskAsync("3", host.EndPointOf("s"))).Text);
        Assert.Equal(5, records.Dropped["SessionLimit"]);
    }

    [Fact]
    public async Task MaxConnectionsPerClient_Reached_DropsTheDatagramsOfThatClientsOtherPorts()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere 127.0.0.2 may be nobody's.");
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync(echo.Address, """ "MaxConnectionsPerClient": 1, "Responses": 2 """);
        using var records = new ConnectionRecords(host);
        using var one = new UdpPeer();
        using var again = new UdpPeer();
        using var other = new UdpPeer("127.0.0.2");
        await one.AskAsync("1", host.EndPointOf("s"));

        again.Send("2", host.EndPointOf("s"));
        await records.WaitForDroppedAsync("ClientSessionLimit", 1);
        Assert.Equal("3", (await other.AskAsync("3", host.EndPointOf("s"))).Text);

        // The first one's place is given back with its second answer.
        await one.AskAsync("1", host.EndPointOf("s"));
        await records.NextAsync();
        Assert.Equal("2", (await again.AskAsync("2", host.EndPointOf("s"))).Text);
    }

    [Theory]
    [InlineData(""" "Allow": [ "127.0.0.0/8" ] """, true)]
    [InlineData(""" "Allow": [ "10.0.0.0/8", "::/0" ] """, false)]
    [InlineData(""" "Deny": [ "127.0.0.1" ] """, false)]
    [InlineData(""" "Allow": [ "127.0.0.1" ], "Deny": [ "127.0.0.0/8" ] """, false)]
    public async Task Access_DecidesOnTheClientsAddress(string access, bool isAllowed)
    {
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync(echo.Address, $$""" "Access": { {{access}} } """, listen: "udp://*:0");
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        client.Send("hello", host.EndPointOf("s"));

        if (isAllowed)
        {
            Assert.Equal("hello", (await client.ReceiveAsync()).Text);
        }
        else
        {
            await records.WaitForDroppedAsync("AccessDenied", 1);
            Assert.Equal(0, echo.Count);
            Assert.Equal(0, host.Connections.Count);
        }
    }

    [Theory]
    [InlineData("Connection", 32)]
    [InlineData("Client", 16)]
    [InlineData("Stream", 16)]
    public async Task Bandwidth_OfTheUpload_DropsWhatIsBeyond(string per, int expected)
    {
        // A burst is 16 KiB at least. Time stands still, so nothing more may pass.
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync(echo.Address, $$""" "Bandwidth": { "Upload": "8KiB/s", "Per": "{{per}}" } """);
        using var records = new ConnectionRecords(host);
        using var one = new UdpPeer();
        using var two = new UdpPeer();
        for (var i = 0; i < 20; i++)
        {
            one.Send(new byte[1024], host.EndPointOf("s"));
            two.Send(new byte[1024], host.EndPointOf("s"));
        }

        await records.WaitForDroppedAsync("Bandwidth", 40 - expected);
        await Deadline.PollAsync(() => Task.FromResult(echo.Count >= expected));
        Assert.Equal(expected, echo.Count);
        Assert.Equal(40 - expected, records.Dropped["Bandwidth"]);
        Assert.Equal(expected * 1024, host.Connections.Connections.Sum(row => row.BytesUp));

        // A second is worth eight of them.
        _time.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 10; i++)
        {
            one.Send(new byte[1024], host.EndPointOf("s"));
        }

        await records.WaitForDroppedAsync("Bandwidth", 40 - expected + 2);
        await Deadline.PollAsync(() => Task.FromResult(echo.Count >= expected + 8));
        Assert.Equal(expected + 8, echo.Count);
    }

    [Fact]
    public async Task Bandwidth_OfTheDownload_DropsWhatIsBeyond()
    {
        using var destination = new UdpPeer();
        await using var host = await StartAsync(destination.Address, """ "Bandwidth": { "Download": "8KiB/s" } """);
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        client.Send("hello", host.EndPointOf("s"));
        var upstream = (await destination.ReceiveAsync()).From;
        for (var i = 0; i < 20; i++)
        {
            destination.Send(TestData.Create(1024, seed: (ulong)i), upstream);
        }

        await records.WaitForDroppedAsync("Bandwidth", 4);
        for (var i = 0; i < 16; i++)
        {
            Assert.Equal(TestData.Create(1024, seed: (ulong)i), (await client.ReceiveAsync()).Payload);
        }

        Assert.Equal(0, client.Socket.Available);

        // Counted once it is sent: the client may have it before.
        await host.WaitForConnectionsAsync(connections => connections is [{ BytesDown: 16 * 1024 }]);
    }

    [Fact]
    public async Task AccessLog_On_HasOneLineForASession()
    {
        await using var echo = new UdpEchoServer();
        using var logs = new LogCapture();
        await using var host = await StartAsync(echo.Address, """ "AccessLog": true, "Responses": 2 """, logs: logs);
        using var client = new UdpPeer();
        await client.AskAsync("hello", host.EndPointOf("s"));
        await client.AskAsync("world!", host.EndPointOf("s"));
        await Deadline.PollAsync(() => Task.FromResult(host.Connections.Count == 0));

        var line = Assert.Single(logs.Of("WmProxy.AccessLog"));
        Assert.Equal(client.EndPoint.ToString(), line.Values["client"]);
        Assert.Equal("s", line.Values["stream"]);
        Assert.Equal("-", line.Values["serverName"]);
        Assert.Equal("s", line.Values["cluster"]);
        Assert.Equal("1", line.Values["destination"]);
        Assert.Equal(11L, line.Values["bytesUp"]);
        Assert.Equal(11L, line.Values["bytesDown"]);
        Assert.True((double)line.Values["durationMs"]! >= 0);
        Assert.Equal("Completed", line.Values["reason"]!.ToString());
        Assert.Equal("-", line.Values["error"]);
    }

    [Fact]
    public async Task Row_OfASession_TellsWhoAndWhereAndHowMuch()
    {
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync(echo.Address);
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        await client.AskAsync("hello", host.EndPointOf("s"));

        var row = Assert.Single(host.Connections.Connections);
        Assert.Equal(("s", "s", "1"), (row.StreamId, row.ClusterId, row.DestinationId));
        Assert.Equal(client.EndPoint, row.ClientEndPoint);
        Assert.Equal(host.EndPointOf("s"), row.GetLocalEndPoint());
        Assert.Equal((5, 5), (row.BytesUp, row.BytesDown));
    }

    [Fact]
    public async Task Abort_OfASession_EndsItAndTheNextDatagramBeginsAnother()
    {
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync(echo.Address);
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        await client.AskAsync("hello", host.EndPointOf("s"));

        host.Connections.Connections.Single().Abort(ConnectionEndReason.Killed);

        Assert.Equal("Killed", (await records.NextAsync()).Reason);
        Assert.Equal("hello", (await client.AskAsync("hello", host.EndPointOf("s"))).Text);
        Assert.Equal(2, echo.Senders.Count);
    }

    [Fact]
    public async Task AbortAllAsync_BeforeADatagram_EndsItsSessionAtOnceAndDoesNotStopTheListener()
    {
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync(echo.Address);
        using var records = new ConnectionRecords(host);
        await host.Connections.AbortAllAsync(ConnectionEndReason.Shutdown, Deadline.Default);
        using var client = new UdpPeer();

        for (var i = 0; i < 3; i++)
        {
            client.Send("hello", host.EndPointOf("s"));
            Assert.Equal("Shutdown", (await records.NextAsync()).Reason);
        }
    }

    private Task<ProxyHost> StartAsync(string to, string settings = "", string listen = "udp://127.0.0.1:0", LogCapture? logs = null) => ProxyHost.StartAsync(
        $$"""{ "WmProxy": { "Streams": { "s": { "Listen": "{{listen}}", "To": "{{to}}"{{(settings.Length > 0 ? "," : "")}} {{settings}} } } } }""",
        builder =>
        {
            if (logs is not null)
            {
                builder.Logging.AddProvider(logs);
            }
        },
        timeProvider: _time);
}
