using System;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Udp;

public class UdpStopTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Stop_AnswerIsOnItsWay_ArrivesAndNobodyElseIsServed()
    {
        using var destination = new UdpPeer();
        await using var host = await StartAsync(destination.Address);
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        using var other = new UdpPeer();
        var proxy = host.EndPointOf("s");
        client.Send("question", proxy);
        var upstream = (await destination.ReceiveAsync()).From;

        var stopping = host.Application.StopAsync();
        await Deadline.PollAsync(() => Task.FromResult(host.Listeners.Count == 0));
        other.Send("too late", proxy);
        destination.Send("answer", upstream);

        Assert.Equal("answer", (await client.ReceiveAsync()).Text);
        client.Send("another question", proxy);
        Assert.Equal("another question", (await destination.ReceiveAsync()).Text);
        Assert.False(stopping.IsCompleted);
        var (record, elapsed) = await _time.AdvanceUntilAsync(records.NextAsync());
        Assert.Equal("IdleTimeout", record.Reason);
        Assert.InRange(elapsed, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(23));
        await stopping.Within();
        Assert.Equal(0, destination.Socket.Available);
        await UdpPort.BecomesFreeAsync(proxy);
    }

    [Fact]
    public async Task Stop_WithoutSessions_IsAtOnce()
    {
        using var destination = new UdpPeer();
        await using var host = await StartAsync(destination.Address);
        var proxy = host.EndPointOf("s");

        // Without any time passing.
        await host.Application.StopAsync().Within();

        await UdpPort.BecomesFreeAsync(proxy);
    }

    [Fact]
    public async Task Stop_BusySession_IsCutAfterTheDrainTimeout()
    {
        await using var echo = new UdpEchoServer();
        await using var host = await StartAsync(echo.Address);
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        var proxy = host.EndPointOf("s");
        await client.AskAsync("hello", proxy);

        var stopping = host.Application.StopAsync();
        await _time.AdvanceWhileBusyAsync(client, proxy, stopping);

        Assert.Equal("Shutdown", (await records.NextAsync()).Reason);
        Assert.Equal(0, host.Connections.Count);
        await UdpPort.BecomesFreeAsync(proxy);
    }

    private Task<ProxyHost> StartAsync(string to) => ProxyHost.StartAsync(
        $$"""{ "WmProxy": { "DrainTimeout": "20s", "Streams": { "s": { "Listen": "udp://127.0.0.1:0", "To": "{{to}}" } } } }""", timeProvider: _time);
}
