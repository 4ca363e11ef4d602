using System;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Udp;

/// <summary>What a reload does to UDP listeners and sessions.</summary>
public class UdpReloadTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Reload_UnchangedStream_KeepsItsSocketAndSessions()
    {
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync(Streams(("a", "udp://127.0.0.1:0", echo.Address)));
        using var client = new UdpPeer();
        var proxy = host.EndPointOf("a");
        await client.AskAsync("hello", proxy);

        for (var i = 0; i < 5; i++)
        {
            Assert.True((await host.ReloadAsync(Streams(("a", "udp://127.0.0.1:0", echo.Address), ($"b{i}", "udp://127.0.0.1:0", echo.Address)))).Succeeded);
            Assert.Equal(proxy, host.EndPointOf("a"));
            Assert.Equal("hello", (await client.AskAsync("hello", proxy)).Text);
            Assert.Single(echo.Senders);
            Assert.Equal(2, host.Listeners.Count);
        }
    }

    [Fact]
    public async Task Reload_SettingsChanged_AppliesThemToNewSessionsOnly()
    {
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync(Streams(("a", "udp://127.0.0.1:0", echo.Address)));
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        using var other = new UdpPeer();
        var proxy = host.EndPointOf("a");
        await client.AskAsync("hello", proxy);

        Assert.True((await host.ReloadAsync(
            $$"""{ "WmProxy": { "Streams": { "a": { "Listen": "udp://127.0.0.1:0", "To": "{{echo.Address}}", "Access": { "Deny": [ "127.0.0.0/8" ] } } } } }""")).Succeeded);

        Assert.Equal("hello", (await client.AskAsync("hello", proxy)).Text);
        other.Send("hello", proxy);
        await records.WaitForDroppedAsync("AccessDenied", 1);
        Assert.Single(echo.Senders);
    }

    [Fact]
    public async Task Reload_StreamRemoved_ItsSessionsEndAfterSomeSilenceAndThePortIsFree()
    {
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync(Streams(("a", "udp://127.0.0.1:0", echo.Address), ("b", "udp://127.0.0.1:0", echo.Address)));
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        using var other = new UdpPeer();
        var proxy = (IPEndPoint)host.EndPointOf("a");
        await client.AskAsync("hello", proxy);

        Assert.True((await host.ReloadAsync(Streams(("b", "udp://127.0.0.1:0", echo.Address)))).Succeeded);

        // The session goes on as long as something moves; nobody else gets one.
        other.Send("nobody answers", proxy);
        for (var i = 0; i < 3; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(4));
            Assert.Equal("hello", (await client.AskAsync("hello", proxy)).Text);
        }

        Assert.Single(echo.Senders);
        Assert.Throws<SocketException>(() => new UdpPeer(port: proxy.Port));
        var (record, elapsed) = await _time.AdvanceUntilAsync(records.NextAsync());
        Assert.Equal("IdleTimeout", record.Reason);
        Assert.InRange(elapsed, TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(23));
        await UdpPort.BecomesFreeAsync(proxy);

        // The port is free when every session has been recorded, so that there was no other one.
        Assert.Equal(1, records.Count);
    }

    [Fact]
    public async Task Reload_StreamRemovedWhileASessionIsBusy_CutsItAfterTheDrainTimeout()
    {
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync(Streams(("a", "udp://127.0.0.1:0", echo.Address), ("b", "udp://127.0.0.1:0", echo.Address)));
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        var proxy = host.EndPointOf("a");
        await client.AskAsync("hello", proxy);
        Assert.True((await host.ReloadAsync(Streams(("b", "udp://127.0.0.1:0", echo.Address)))).Succeeded);

        var ended = records.NextAsync();
        await _time.AdvanceWhileBusyAsync(client, proxy, ended);

        Assert.Equal("Drained", (await ended).Reason);
        await UdpPort.BecomesFreeAsync(proxy);
    }

    [Fact]
    public async Task Reload_StreamRemovedWithoutSessions_FreesThePortAtOnce()
    {
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync(Streams(("a", "udp://*:0", echo.Address), ("b", "udp://127.0.0.1:0", echo.Address)));
        var proxy = host.EndPointOf("a");

        Assert.True((await host.ReloadAsync(Streams(("b", "udp://127.0.0.1:0", echo.Address)))).Succeeded);

        // Without any time passing.
        await UdpPort.BecomesFreeAsync(proxy);
    }

    [Fact]
    public async Task Reload_RemovedStreamComesBack_ItsSessionsGoOn()
    {
        await using var echo = new UdpEchoServer();
        var port = FreePort.NextUdp();
        var both = Streams(("a", $"udp://*:{port}", echo.Address), ("b", "udp://127.0.0.1:0", echo.Address));
        await using var host = await StartAsync(both);
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        using var other = new UdpPeer();
        await client.AskAsync("hello", host.EndPointOf("a"));
        Assert.True((await host.ReloadAsync(Streams(("b", "udp://127.0.0.1:0", echo.Address)))).Succeeded);

        Assert.True((await host.ReloadAsync(both)).Succeeded);

        Assert.Equal("hello", (await client.AskAsync("hello", host.EndPointOf("a"))).Text);
        Assert.Single(echo.Senders);
        Assert.Equal("other", (await other.AskAsync("other", host.EndPointOf("a"))).Text);

        // With all of their idle time again.
        for (var i = 0; i < 55; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal("hello", (await client.AskAsync("hello", host.EndPointOf("a"))).Text);
        Assert.Equal(0, records.Count);
        Assert.Equal(2, echo.Senders.Count);
    }

    [Fact]
    public async Task Reload_ComesBackAfterItsLastSessionEnded_IsOpenedAnew()
    {
        await using var echo = new UdpEchoServer();
        var port = FreePort.NextUdp();
        var both = Streams(("a", $"udp://127.0.0.1:{port}", echo.Address), ("b", "udp://127.0.0.1:0", echo.Address));
        await using var host = await StartAsync(both);
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        await client.AskAsync("hello", host.EndPointOf("a"));
        Assert.True((await host.ReloadAsync(Streams(("b", "udp://127.0.0.1:0", echo.Address)))).Succeeded);
        await _time.AdvanceUntilAsync(records.NextAsync());
        await UdpPort.BecomesFreeAsync(new IPEndPoint(IPAddress.Loopback, port));

        Assert.True((await host.ReloadAsync(both)).Succeeded);

        Assert.Equal("hello", (await client.AskAsync("hello", host.EndPointOf("a"))).Text);
    }

    [Theory]
    [InlineData("127.0.0.1", "*")]
    [InlineData("*", "127.0.0.1")]
    [InlineData("localhost", "127.0.0.1")]
    public async Task Reload_AddressThatOverlaps_TakesThePlaceOfTheOldOne(string before, string after)
    {
        await using var echo = new UdpEchoServer();
        var port = FreePort.NextUdp();
        await using var host = await StartAsync(Streams(("a", $"udp://{before}:{port}", echo.Address)));
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        var proxy = new IPEndPoint(IPAddress.Loopback, port);
        await client.AskAsync("hello", proxy);

        Assert.True((await host.ReloadAsync(Streams(("a", $"udp://{after}:{port}", echo.Address)))).Succeeded);

        Assert.Equal("Drained", (await records.NextAsync()).Reason);
        Assert.Equal("hello", (await client.AskAsync("hello", proxy)).Text);
        Assert.Equal($"udp://{after}:{port}", Assert.Single(host.Listeners).Address);
    }

    [Fact]
    public async Task Reload_AddressThatADrainingOneStillHas_TakesItsPlace()
    {
        await using var echo = new UdpEchoServer();
        var port = FreePort.NextUdp();
        await using var host = await StartAsync(Streams(("a", $"udp://127.0.0.1:{port}", echo.Address), ("b", "udp://127.0.0.1:0", echo.Address)));
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        var proxy = new IPEndPoint(IPAddress.Loopback, port);
        await client.AskAsync("hello", proxy);
        Assert.True((await host.ReloadAsync(Streams(("b", "udp://127.0.0.1:0", echo.Address)))).Succeeded);

        Assert.True((await host.ReloadAsync(Streams(("b", "udp://127.0.0.1:0", echo.Address), ("c", $"udp://*:{port}", echo.Address)))).Succeeded);

        Assert.Equal("Drained", (await records.NextAsync()).Reason);
        Assert.Equal("hello", (await client.AskAsync("hello", proxy)).Text);
    }

    [Fact]
    public async Task Reload_FromTcpToUdpOnOnePort_IsNoConflict()
    {
        await using var udp = new UdpEchoServer();
        await using var tcp = new EchoServer();
        var port = FreePort.NextUdp();
        await using var host = await StartAsync(Streams(("a", $"tcp://127.0.0.1:{port}", tcp.Address)));
        using var connection = await host.ConnectAsync("a");
        await connection.SendAsync("hello");
        await connection.ReadExactlyAsync(5);

        Assert.True((await host.ReloadAsync(Streams(("a", $"udp://127.0.0.1:{port}", udp.Address)))).Succeeded);

        using var client = new UdpPeer();
        Assert.Equal("hello", (await client.AskAsync("hello", host.EndPointOf("a"))).Text);
        await connection.SendAsync("hello");
        Assert.Equal("hello"u8.ToArray(), await connection.ReadExactlyAsync(5));
    }

    [Fact]
    public async Task Reload_PortInUse_ChangesNothing()
    {
        await using var echo = new UdpEchoServer();
        using var taken = new UdpPeer();
        var port = FreePort.NextUdp();
        await using var host = await StartAsync(Streams(("a", $"udp://127.0.0.1:{port}", echo.Address)));
        using var client = new UdpPeer();
        var proxy = host.EndPointOf("a");
        await client.AskAsync("hello", proxy);

        var result = await host.ReloadAsync(Streams(("a", $"udp://*:{port}", echo.Address), ("b", taken.Address, echo.Address)));

        var error = Assert.Single(result.Errors);
        Assert.Equal("WmProxy:Streams:b:Listen", error.Path);
        Assert.Contains($"{taken.Address} is in use", error.Message, StringComparison.Ordinal);
        Assert.Equal("hello", (await client.AskAsync("hello", proxy)).Text);
        Assert.Single(echo.Senders);
        Assert.Equal($"udp://127.0.0.1:{port}", Assert.Single(host.Listeners).Address);
    }

    [Fact]
    public async Task Reload_RolledBackAfterAListenerMadeRoom_OpensItAgain()
    {
        await using var echo = new UdpEchoServer();
        using var taken = new UdpPeer();
        var port = FreePort.NextUdp();
        var other = FreePort.NextUdp();
        await using var host = await StartAsync(Streams(("a", $"udp://127.0.0.1:{port}", echo.Address), ("b", $"udp://127.0.0.2:{taken.Port}", echo.Address)));
        using var client = new UdpPeer();
        var proxy = new IPEndPoint(IPAddress.Loopback, port);
        await client.AskAsync("hello", proxy);

        // The first makes room for the wildcard; the second stands in the way of one that somebody else stands in the way of too.
        var result = await host.ReloadAsync(Streams(("a", $"udp://*:{port}", echo.Address), ("b", $"udp://*:{taken.Port}", echo.Address)));

        Assert.Equal("WmProxy:Streams:b:Listen", Assert.Single(result.Errors).Path);
        for (var i = 0; i < 3; i++)
        {
            using var again = new UdpPeer();
            Assert.Equal("hello", (await again.AskAsync("hello", proxy)).Text);
        }

        Assert.Equal(["udp://127.0.0.1:" + port, "udp://127.0.0.2:" + taken.Port], host.Listeners.Select(listener => listener.Address).Order());
    }

    [Fact]
    public async Task Start_PortInUse_SaysByWhom()
    {
        await using var echo = new UdpEchoServer();
        using var taken = new UdpPeer();
        await using var host = ProxyHost.Build(Streams(("a", taken.Address, echo.Address)));

        var exception = await Assert.ThrowsAnyAsync<Exception>(() => host.Application.StartAsync().Within());

        Assert.Contains($"{taken.Address} is in use{(OperatingSystem.IsLinux() ? $" by this process (pid {Environment.ProcessId})" : "")}", exception.Message, StringComparison.Ordinal);
    }

    private static string Streams(params (string Id, string Listen, string To)[] streams) =>
        $$"""{ "WmProxy": { "Streams": { {{string.Join(", ", streams.Select(stream => $$""" "{{stream.Id}}": { "Listen": "{{stream.Listen}}", "To": "{{stream.To}}" } """))}} } } }""";

    private Task<ProxyHost> StartAsync(string json) => ProxyHost.StartAsync(json, timeProvider: _time);
}
