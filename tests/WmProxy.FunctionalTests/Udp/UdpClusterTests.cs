using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Connectors;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;
using Yarp.ReverseProxy.Model;

namespace WmProxy.FunctionalTests.Udp;

/// <summary>Where sessions go: YARP's policies and health, names, and destinations that come and go.</summary>
public class UdpClusterTests
{
    private const string FirstOneFirst = """ "LoadBalancingPolicy": "FirstAlphabetical" """;

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Unreachable_SessionSurvives_AndGoesOnWhenTheDestinationIsStarted()
    {
        var port = FreePort.NextUdp();
        await using var host = await StartAsync("", ("a", $"udp://127.0.0.1:{port}"));
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        await SendUntilAsync(client, host, () => Destination(host, "a").Health.Passive == DestinationHealth.Unhealthy);
        var row = host.Connections.Connections.Single();

        await using (var first = new UdpEchoServer("1 ", port: port))
        {
            Assert.Equal("1 hello", await AskAfterLostAsync(client, host));
        }

        client.Send("lost", host.EndPointOf("s"));
        await using var second = new UdpEchoServer("2 ", port: port);
        await AskUntilAsync(client, host, "2 hello");

        Assert.Same(row, host.Connections.Connections.Single());
        Assert.Equal(0, records.Count);
        Assert.Single(second.Senders);
    }

    [Fact]
    public async Task Unreachable_DestinationOfASession_BecomesUnhealthyAndTheSessionMoves()
    {
        await using var a = new UdpEchoServer("a ");
        await using var b = new UdpEchoServer("b ");
        await using var host = await StartAsync(FirstOneFirst, ("a", a.Address), ("b", b.Address));
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        Assert.Equal("a hello", (await client.AskAsync("hello", host.EndPointOf("s"))).Text);

        await a.DisposeAsync();
        await SendUntilAsync(client, host, () => Destination(host, "a").Health.Passive == DestinationHealth.Unhealthy);

        await AskUntilAsync(client, host, "b hello");
        var row = host.Connections.Connections.Single();
        Assert.Equal("b", row.DestinationId);
        Assert.Equal(0, records.Count);
        Assert.Equal((0, 1), (Destination(host, "a").ConcurrentRequestCount, Destination(host, "b").ConcurrentRequestCount));
        using var other = new UdpPeer();
        Assert.Equal("b hello", (await other.AskAsync("hello", host.EndPointOf("s"))).Text);
    }

    [Fact]
    public async Task Unreachable_PeriodIsOver_NewSessionsTryAgain()
    {
        var port = FreePort.NextUdp();
        await using var b = new UdpEchoServer("b ");
        await using var host = await StartAsync(FirstOneFirst, ("a", $"udp://127.0.0.1:{port}"), ("b", b.Address));
        using var client = new UdpPeer();
        await SendUntilAsync(client, host, () => Destination(host, "a").Health.Passive == DestinationHealth.Unhealthy);
        await AskUntilAsync(client, host, "b hello");

        await using var a = new UdpEchoServer("a ", port: port);
        _time.Advance(TimeSpan.FromSeconds(11));
        await Deadline.PollAsync(async () =>
        {
            using var other = new UdpPeer();
            return (await other.AskAsync("hello", host.EndPointOf("s"))).Text == "a hello";
        });

        // Whose destination is well stays there.
        Assert.Equal("b hello", (await client.AskAsync("hello", host.EndPointOf("s"))).Text);
    }

    [Fact]
    public async Task AllUnhealthy_OnlyHealthyOnesWanted_DropsAndSaysSo()
    {
        var port = FreePort.NextUdp();
        await using var host = await StartAsync(""" "HealthCheck": { "AvailableDestinationsPolicy": "HealthyAndUnknown" } """, ("a", $"udp://127.0.0.1:{port}"));
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        await SendUntilAsync(client, host, () => Destinations.AvailableOf(host, "c").Count == 0);
        Assert.Equal(DestinationHealth.Unhealthy, Destination(host, "a").Health.Passive);

        using var other = new UdpPeer();
        other.Send("hello", host.EndPointOf("s"));

        Assert.Equal("NoDestination", (await records.NextAsync()).Reason);
        await records.WaitForDroppedAsync("NoDestination", 1);
    }

    [Theory]
    [InlineData(""" "HealthCheck.Send": "PING", "HealthCheck.Expect": "a PING" """, DestinationHealth.Healthy, DestinationHealth.Unhealthy)]
    [InlineData(""" "HealthCheck.Send": "hex:50 49", "HealthCheck.Expect": "hex:5049" """, DestinationHealth.Healthy, DestinationHealth.Healthy)]
    [InlineData(""" "HealthCheck.Send": "PING" """, DestinationHealth.Healthy, DestinationHealth.Healthy)]
    [InlineData("", DestinationHealth.Healthy, DestinationHealth.Healthy)]
    public async Task ActiveHealth_ByDatagrams_JudgesEachDestination(string metadata, DestinationHealth ofA, DestinationHealth ofB)
    {
        await using var a = new UdpEchoServer("a ");
        await using var b = new UdpEchoServer("b ");
        using var silent = new UdpPeer();
        await using var host = await StartAsync(
            $$"""
            "Metadata": { "ConsecutiveFailuresHealthPolicy.Threshold": "1"{{(metadata.Length > 0 ? "," : "")}} {{metadata}} },
            "HealthCheck": { "Active": { "Enabled": true, "Interval": "00:00:05", "Timeout": "00:00:03", "Policy": "ConsecutiveFailures" } }
            """,
            ("a", a.Address), ("b", b.Address), ("closed", $"udp://127.0.0.1:{FreePort.NextUdp()}"), ("silent", silent.Address));

        await HealthBecomesAsync(host, "a", ofA);
        await HealthBecomesAsync(host, "b", ofB);
        await HealthBecomesAsync(host, "closed", DestinationHealth.Unhealthy);
        await HealthBecomesAsync(host, "silent", metadata.Contains("Expect", StringComparison.Ordinal) ? DestinationHealth.Unhealthy : DestinationHealth.Healthy);
    }

    [Fact]
    public async Task ActiveHealth_DestinationOfASessionFallsSilent_MovesTheSession()
    {
        await using var a = new UdpEchoServer("a ");
        await using var b = new UdpEchoServer("b ");
        await using var host = await StartAsync(
            $$"""
            {{FirstOneFirst}}, "Metadata": { "ConsecutiveFailuresHealthPolicy.Threshold": "1", "HealthCheck.Send": "PING", "HealthCheck.Expect": "PING" },
            "HealthCheck": { "Active": { "Enabled": true, "Interval": "00:00:05", "Timeout": "00:00:03", "Policy": "ConsecutiveFailures" } }
            """,
            ("a", a.Address), ("b", b.Address));
        using var client = new UdpPeer();
        Assert.Equal("a hello", (await client.AskAsync("hello", host.EndPointOf("s"))).Text);
        await HealthBecomesAsync(host, "a", DestinationHealth.Healthy);

        // Takes what comes and answers nothing.
        await a.DisposeAsync();
        using var silent = new UdpPeer(port: a.Port);
        await HealthBecomesAsync(host, "a", DestinationHealth.Unhealthy);

        await AskUntilAsync(client, host, "b hello");
        Assert.Single(host.Connections.Connections);
    }

    [Fact]
    public async Task RoundRobin_SpreadsSessionsAndNotDatagrams()
    {
        await using var a = new UdpEchoServer("a ");
        await using var b = new UdpEchoServer("b ");
        await using var host = await StartAsync(""" "LoadBalancingPolicy": "RoundRobin" """, ("a", a.Address), ("b", b.Address));
        var clients = Enumerable.Range(0, 10).Select(_ => new UdpPeer()).ToList();
        try
        {
            var first = new List<string>();
            foreach (var client in clients)
            {
                first.Add((await client.AskAsync("hello", host.EndPointOf("s"))).Text);
            }

            Assert.Equal(5, first.Count(text => text == "a hello"));
            Assert.Equal((5, 5), (Destination(host, "a").ConcurrentRequestCount, Destination(host, "b").ConcurrentRequestCount));
            for (var i = 0; i < clients.Count; i++)
            {
                Assert.Equal(first[i], (await clients[i].AskAsync("hello", host.EndPointOf("s"))).Text);
            }
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task ClientIpHash_AllPortsOfAClient_GoToOneDestination()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere 127.0.0.2 may be nobody's.");
        await using var a = new UdpEchoServer("a ");
        await using var b = new UdpEchoServer("b ");
        await using var host = await StartAsync(""" "LoadBalancingPolicy": "ClientIpHash" """, ("a", a.Address), ("b", b.Address));
        var seen = new HashSet<string>();
        for (var i = 1; i <= 20; i++)
        {
            using var client = new UdpPeer($"127.0.1.{i}");
            using var again = new UdpPeer($"127.0.1.{i}");
            var first = (await client.AskAsync("hello", host.EndPointOf("s"))).Text;
            Assert.Equal(first, (await again.AskAsync("hello", host.EndPointOf("s"))).Text);
            seen.Add(first);
        }

        Assert.Equal(2, seen.Count);
    }

    [Fact]
    public async Task Reload_DestinationGone_MovesItsSessions()
    {
        await using var a = new UdpEchoServer("a ");
        await using var b = new UdpEchoServer("b ");
        await using var host = await StartAsync(FirstOneFirst, ("a", a.Address), ("b", b.Address));
        using var client = new UdpPeer();
        Assert.Equal("a hello", (await client.AskAsync("hello", host.EndPointOf("s"))).Text);
        var row = host.Connections.Connections.Single();

        Assert.True((await host.ReloadAsync(Json(FirstOneFirst, ("b", b.Address)))).Succeeded);

        Assert.Equal("b hello", (await client.AskAsync("hello", host.EndPointOf("s"))).Text);
        Assert.Same(row, host.Connections.Connections.Single());
    }

    [Fact]
    public async Task Reload_DestinationElsewhere_MovesItsSessions()
    {
        await using var here = new UdpEchoServer("here ");
        await using var there = new UdpEchoServer("there ");
        await using var host = await StartAsync("", ("a", here.Address));
        using var client = new UdpPeer();
        Assert.Equal("here hello", (await client.AskAsync("hello", host.EndPointOf("s"))).Text);

        Assert.True((await host.ReloadAsync(Json("", ("a", there.Address)))).Succeeded);

        Assert.Equal("there hello", (await client.AskAsync("hello", host.EndPointOf("s"))).Text);
    }

    [Fact]
    public async Task Reload_AnotherDestinationAdded_LeavesSessionsWhereTheyAre()
    {
        await using var a = new UdpEchoServer("a ");
        await using var b = new UdpEchoServer("b ");
        await using var host = await StartAsync(FirstOneFirst, ("b", b.Address));
        using var client = new UdpPeer();
        await client.AskAsync("hello", host.EndPointOf("s"));

        Assert.True((await host.ReloadAsync(Json(FirstOneFirst, ("a", a.Address), ("b", b.Address)))).Succeeded);

        Assert.Equal("b hello", (await client.AskAsync("hello", host.EndPointOf("s"))).Text);
        Assert.Single(b.Senders);
        using var other = new UdpPeer();
        Assert.Equal("a hello", (await other.AskAsync("hello", host.EndPointOf("s"))).Text);
    }

    [Fact]
    public async Task Name_OfThisMachine_LosesNoneOfTheFirstDatagrams()
    {
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync("", ("a", $"udp://localhost:{echo.Port}"));
        using var client = new UdpPeer();
        for (var i = 0; i < 10; i++)
        {
            client.Send($"{i}", host.EndPointOf("s"));
        }

        for (var i = 0; i < 10; i++)
        {
            Assert.Equal($"{i}", (await client.ReceiveAsync()).Text);
        }

        Assert.Single(echo.Senders);
    }

    [Fact]
    public async Task Name_BeingResolved_KeepsSixteenDatagramsInOrder()
    {
        await using var echo = new UdpEchoServer();
        var answer = new TaskCompletionSource<IPAddress[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = await StartAsync("", _ => answer.Task, ("a", $"udp://name.example:{echo.Port}"));
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        for (var i = 0; i < 20; i++)
        {
            client.Send($"{i}", host.EndPointOf("s"));
        }

        await records.WaitForDroppedAsync("Resolving", 4);
        answer.SetResult([IPAddress.Loopback]);

        for (var i = 0; i < 16; i++)
        {
            Assert.Equal($"{i}", (await client.ReceiveAsync()).Text);
        }

        Assert.Equal("after", (await client.AskAsync("after", host.EndPointOf("s"))).Text);
        Assert.Equal(4, records.Dropped["Resolving"]);
        Assert.Single(echo.Senders);
    }

    [Fact]
    public async Task Name_SessionEndsWhileItIsResolved_LeavesNothingBehind()
    {
        await using var echo = new UdpEchoServer();
        var answer = new TaskCompletionSource<IPAddress[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = await StartAsync("", _ => answer.Task, ("a", $"udp://name.example:{echo.Port}"));
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        client.Send("late", host.EndPointOf("s"));
        await _time.AdvanceUntilAsync(records.NextAsync());

        answer.SetResult([IPAddress.Loopback]);

        Assert.Equal("new", (await client.AskAsync("new", host.EndPointOf("s"))).Text);
        Assert.Equal(1, echo.Count);
        Assert.Equal(1, Destination(host, "a").ConcurrentRequestCount);
    }

    [Fact]
    public async Task Name_WithoutAddress_EndsTheSessionAndTheNextDatagramTriesAgain()
    {
        await using var echo = new UdpEchoServer();
        var isKnown = false;
        await using var host = await StartAsync(
            "", _ => isKnown ? Task.FromResult<IPAddress[]>([IPAddress.Loopback]) : Task.FromException<IPAddress[]>(new InvalidOperationException("no such name")), ("a", $"udp://name.example:{echo.Port}"));
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        client.Send("hello", host.EndPointOf("s"));
        Assert.Equal("ConnectFailed", (await records.NextAsync()).Reason);
        await records.WaitForDroppedAsync("ConnectFailed", 1);
        await host.WaitForConnectionsAsync(connections => connections.Count == 0);

        isKnown = true;
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("hello", (await client.AskAsync("hello", host.EndPointOf("s"))).Text);
    }

    [Fact]
    public async Task Name_WhoseFirstAddressesRefuse_LosesNothingAndIsKnownAfterwards()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere 127.0.0.2 may be nobody's.");
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync(
            "", _ => Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.8"), IPAddress.Parse("127.0.0.9"), IPAddress.Loopback]), ("a", $"udp://name.example:{echo.Port}"));
        using var client = new UdpPeer();
        for (var i = 0; i < 10; i++)
        {
            client.Send($"{i}", host.EndPointOf("s"));
        }

        var answers = new List<string>();
        while (answers.Count < 10)
        {
            answers.Add((await client.ReceiveAsync()).Text);
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"{i}"), answers);
        Assert.Equal(DestinationHealth.Unknown, Destination(host, "a").Health.Passive);
        Assert.Single(host.Connections.Connections);
        using var stranger = new UdpPeer("127.0.0.8", echo.Port);
        using var other = new UdpPeer();
        Assert.Equal("hello", (await other.AskAsync("hello", host.EndPointOf("s"))).Text);
        Assert.Equal(0, stranger.Socket.Available);
    }

    [Fact]
    public async Task Name_AllOfWhoseAddressesRefuse_IsAFailureOfTheDestination()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere 127.0.0.2 may be nobody's.");
        var port = FreePort.NextUdp();
        await using var host = await StartAsync("", _ => Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.8"), IPAddress.Loopback]), ("a", $"udp://name.example:{port}"));
        using var client = new UdpPeer();
        await SendUntilAsync(client, host, () => Destination(host, "a").Health.Passive == DestinationHealth.Unhealthy);

        await using var echo = new UdpEchoServer(port: port);
        Assert.Equal("hello", await AskAfterLostAsync(client, host));
        Assert.Single(host.Connections.Connections);
    }

    [Fact]
    public async Task Destination_ThatTheSystemRefuses_IsAFailureOfIt()
    {
        await using var b = new UdpEchoServer("b ");

        // The broadcast address, which nobody asked for permission to send to (EACCES, ip(7)): as if there were no route.
        await using var host = await StartAsync(FirstOneFirst, ("a", "udp://255.255.255.255:9"), ("b", b.Address));
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        for (var i = 0; i < 2; i++)
        {
            client.Send("lost", host.EndPointOf("s"));
            Assert.Equal("ConnectFailed", (await records.NextAsync()).Reason);
        }

        await Deadline.PollAsync(() => Task.FromResult(!Destinations.AvailableOf(host, "c").Contains(Destination(host, "a"))));
        Assert.Equal(DestinationHealth.Unhealthy, Destination(host, "a").Health.Passive);
        await AskUntilAsync(client, host, "b hello");
        Assert.Equal(2, records.Count);
        Assert.Equal(2, records.Dropped["ConnectFailed"]);
        Assert.Equal(0, Destination(host, "a").ConcurrentRequestCount);
    }

    private static DestinationState Destination(ProxyHost host, string id) => Destinations.Of(host, "c")[id];

    /// <summary>Sends until something is noticed: what refuses a datagram says so in its own time.</summary>
    private static Task SendUntilAsync(UdpPeer client, ProxyHost host, Func<bool> condition) => Deadline.PollAsync(() =>
    {
        if (!condition())
        {
            client.Send("lost", host.EndPointOf("s"));
        }

        return Task.FromResult(condition());
    });

    /// <summary>Asks once, after <see cref="SendUntilAsync"/>: what that sent last may be on its way still, and be answered first.</summary>
    private static async Task<string> AskAfterLostAsync(UdpPeer client, ProxyHost host)
    {
        var answer = (await client.AskAsync("hello", host.EndPointOf("s"))).Text;
        while (answer.EndsWith("lost", StringComparison.Ordinal))
        {
            answer = (await client.ReceiveAsync()).Text;
        }

        return answer;
    }

    /// <summary>Asks until the answer is as expected; earlier ones may come from elsewhere, or be lost.</summary>
    private static Task AskUntilAsync(UdpPeer client, ProxyHost host, string answer) => Deadline.PollAsync(async () =>
    {
        client.Send("hello", host.EndPointOf("s"));
        while (client.Socket.Poll(TimeSpan.FromMilliseconds(100), System.Net.Sockets.SelectMode.SelectRead))
        {
            if ((await client.ReceiveAsync()).Text == answer)
            {
                return true;
            }
        }

        return false;
    });

    private async Task HealthBecomesAsync(ProxyHost host, string id, DestinationHealth health) => await Deadline.PollAsync(() =>
    {
        _time.Advance(TimeSpan.FromMilliseconds(500));
        return Task.FromResult(Destination(host, id).Health.Active == health);
    });

    private static string Json(string settings, params (string Id, string Address)[] destinations) =>
        $$"""
        {
          "ReverseProxy": { "Clusters": { "c": { {{settings}}{{(settings.Length > 0 ? "," : "")}} "Destinations": {
            {{string.Join(", ", destinations.Select(destination => $"\"{destination.Id}\": {{ \"Address\": \"{destination.Address}\" }}"))}} } } } },
          "WmProxy": { "Streams": { "s": { "Listen": "udp://127.0.0.1:0", "ClusterId": "c" } } }
        }
        """;

    private Task<ProxyHost> StartAsync(string settings, params (string Id, string Address)[] destinations) =>
        ProxyHost.StartAsync(Json(settings, destinations), timeProvider: _time);

    private Task<ProxyHost> StartAsync(string settings, Func<string, Task<IPAddress[]>> lookup, params (string Id, string Address)[] destinations) => ProxyHost.StartAsync(
        Json(settings, destinations), builder => builder.Services.AddSingleton(new AddressResolver(_time, lookup)), timeProvider: _time);
}
