using System;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Connections;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Streams;

public class StopTests
{
    [Fact]
    public async Task Stop_LiveConnection_MayFinishWhileNewOnesAreRefused()
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(echo);
        using var records = new ConnectionRecords(host);
        var endPoint = host.EndPointOf("s");
        using var client = await host.ConnectAsync("s");
        await ExchangeAsync(client);

        var stopping = host.Application.StopAsync();
        await Deadline.PollAsync(() => RawClient.IsRefusedAsync(endPoint));
        await ExchangeAsync(client);
        Assert.False(stopping.IsCompleted);
        client.HalfClose();

        Assert.Equal(ReadEnd.Fin, (await client.ReadToEndAsync()).End);
        await stopping.Within();
        Assert.Equal("Completed", (await records.NextAsync()).Reason);
    }

    [Fact]
    public async Task Stop_DrainTimeoutPasses_TheRestSeeAReset()
    {
        await using var echo = new EchoServer();
        var time = new FakeTimeProvider();
        await using var host = await StartAsync(echo, time);
        using var records = new ConnectionRecords(host);
        using var client = await host.ConnectAsync("s");
        await ExchangeAsync(client);

        var stopping = host.Application.StopAsync();
        var reading = client.ReadToEndAsync();
        var (answer, elapsed) = await time.AdvanceUntilAsync(reading);

        Assert.Equal(ReadEnd.Reset, answer.End);
        Assert.InRange(elapsed, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30));
        await stopping.Within();
        Assert.Equal("Shutdown", (await records.NextAsync()).Reason);
        Assert.Equal(0, host.Connections.Count);
    }

    [Fact]
    public async Task AbortAll_WhileDialling_EndsTheDialToo()
    {
        using var blackhole = new Blackhole();
        await using var host = await ProxyHost.StartAsync(
            $$"""{ "WmProxy": { "Streams": { "s": { "Listen": "tcp://127.0.0.1:0", "To": "{{blackhole.Address}}", "ConnectTimeout": "10m" } } } }""");
        using var records = new ConnectionRecords(host);
        using var client = await host.ConnectAsync("s");
        await host.WaitForConnectionsAsync(connections => connections.Count == 1 && connections[0].StreamId == "s");

        await host.Connections.AbortAllAsync(ConnectionEndReason.Shutdown, Deadline.Default);

        Assert.Equal(0, host.Connections.Count);
        Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
        Assert.Equal("Shutdown", (await records.NextAsync()).Reason);
        Assert.Equal(ReadEnd.Reset, await host.EndOfConnectionAsync("s"));
    }

    private static Task<ProxyHost> StartAsync(EchoServer echo, TimeProvider? time = null) => ProxyHost.StartAsync(
        $$"""{ "WmProxy": { "DrainTimeout": "5s", "Streams": { "s": { "Listen": "tcp://127.0.0.1:0", "To": "{{echo.Address}}" } } } }""", timeProvider: time);

    private static async Task ExchangeAsync(RawConnection client)
    {
        await client.SendAsync("hello");
        Assert.Equal("hello"u8.ToArray(), await client.ReadExactlyAsync(5));
    }
}
