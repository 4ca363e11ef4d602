using System;
using System.Text;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Streams;

public class LimitTests
{
    [Theory]
    [InlineData("MaxConnections")]
    [InlineData("MaxConnectionsPerClient")]
    public async Task Limit_Reached_RefusesUntilAPlaceIsGivenBack(string key)
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(echo, $""" "{key}": 2 """);
        using var first = await host.ConnectAsync("s");
        using var second = await host.ConnectAsync("s");
        await ExchangeAsync(first);
        await ExchangeAsync(second);

        Assert.Equal(ReadEnd.Reset, await host.EndOfConnectionAsync("s"));

        second.HalfClose();
        Assert.Equal(ReadEnd.Fin, (await second.ReadToEndAsync()).End);
        await host.WaitForConnectionsAsync(connections => connections.Count == 1);
        using var third = await host.ConnectAsync("s");
        await ExchangeAsync(third);
        await ExchangeAsync(first);
    }

    [Fact]
    public async Task MaxConnectionsPerClient_CountsTheClientsOfAProxyEachOnItsOwn()
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(
            echo, """ "MaxConnectionsPerClient": 1, "ProxyProtocol": { "Accept": { "From": [ "127.0.0.0/8" ], "Required": true } } """);
        using var one = await host.ConnectAsync("s");
        using var two = await host.ConnectAsync("s");
        await one.SendAsync("PROXY TCP4 192.0.2.1 192.0.2.100 1000 80\r\n");
        await two.SendAsync("PROXY TCP4 192.0.2.2 192.0.2.100 1000 80\r\n");
        await ExchangeAsync(one);
        await ExchangeAsync(two);

        using var again = await host.ConnectAsync("s");
        await again.SendAsync("PROXY TCP4 192.0.2.1 192.0.2.100 1001 80\r\n");

        Assert.Equal(ReadEnd.Reset, (await again.ReadToEndAsync()).End);
    }

    [Theory]
    [InlineData(""" "Allow": [ "127.0.0.0/8" ] """, true)]
    [InlineData(""" "Allow": [ "10.0.0.0/8" ] """, false)]
    [InlineData(""" "Deny": [ "127.0.0.1" ] """, false)]
    [InlineData(""" "Deny": [ "10.0.0.0/8" ] """, true)]
    [InlineData(""" "Allow": [ "127.0.0.1" ], "Deny": [ "127.0.0.0/8" ] """, false)]
    [InlineData(""" "Allow": [ "127.0.0.0/8" ], "Deny": [ "10.0.0.0/8" ] """, true)]
    public async Task Access_DecidesOnTheClientsAddress_AndDenyWins(string access, bool isAllowed)
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(echo, $$""" "Access": { {{access}} } """);

        if (isAllowed)
        {
            using var client = await host.ConnectAsync("s");
            await ExchangeAsync(client);
        }
        else
        {
            Assert.Equal(ReadEnd.Reset, await host.EndOfConnectionAsync("s"));
            Assert.Equal(0, echo.AcceptedCount);
        }
    }

    [Theory]
    [InlineData("192.0.2.1", true)]
    [InlineData("198.51.100.1", false)]
    public async Task Access_BehindAProxy_JudgesTheRealClient(string client, bool isAllowed)
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(
            echo, """ "Access": { "Allow": [ "192.0.2.0/24" ] }, "ProxyProtocol": { "Accept": { "From": [ "127.0.0.1" ], "Required": true } } """);
        using var connection = await host.ConnectAsync("s");

        await connection.SendAsync($"PROXY TCP4 {client} 192.0.2.100 1000 80\r\n");

        if (isAllowed)
        {
            await ExchangeAsync(connection);
        }
        else
        {
            Assert.Equal(ReadEnd.Reset, (await connection.ReadToEndAsync()).End);
        }
    }

    [Theory]
    [InlineData("Connection", 32 * 1024, 32 * 1024)]
    [InlineData("Client", 32 * 1024, 0)]
    [InlineData("Stream", 32 * 1024, 0)]
    public async Task Bandwidth_OfTheDownload_IsTheBurstAndThenTheRate(string per, long expectedFirst, long expectedSecond)
    {
        // A burst is an eighth of a second: 32 KiB of 256 KiB/s. Time stands still, so nothing more may come.
        await using var source = new SourceServer(1024 * 1024);
        var time = new FakeTimeProvider();
        await using var host = await StartAsync(source, $$""" "Bandwidth": { "Download": "256KiB/s", "Per": "{{per}}" } """, time);
        using var first = await host.ConnectAsync("s");
        await first.ReadExactlyAsync((int)expectedFirst);
        await host.WaitForConnectionsAsync(connections => connections.Count == 1 && connections[0].BytesDown == expectedFirst);

        using var second = await host.ConnectAsync("s");
        await second.ReadExactlyAsync((int)expectedSecond);
        await host.WaitForConnectionsAsync(connections => connections.Count == 2 && Sum(host) >= expectedFirst + expectedSecond);
        Assert.Equal(expectedFirst + expectedSecond, Sum(host));

        var passed = TimeSpan.Zero;
        await Deadline.PollAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(50));
            passed += TimeSpan.FromMilliseconds(50);
            return Task.FromResult(Sum(host) >= 512 * 1024);
        });
        var limits = per == "Connection" ? 2 : 1;
        Assert.InRange(Sum(host), 512 * 1024, (long)(limits * ((256 * 1024 * passed.TotalSeconds) + (32 * 1024))));
    }

    [Fact]
    public async Task Bandwidth_OfTheUpload_HoldsTheClientBack()
    {
        await using var sink = new SinkServer();
        var time = new FakeTimeProvider();
        await using var host = await StartAsync(sink, """ "Bandwidth": { "Upload": "128KiB/s" } """, time);
        using var client = await host.ConnectAsync("s");
        var sending = client.SendTestDataAsync(100_000);
        await host.WaitForConnectionsAsync(connections => connections.Count == 1 && connections[0].BytesUp == 16 * 1024);

        await sending;
        client.HalfClose();
        var (result, elapsed) = await time.AdvanceUntilAsync(sink.ResultAsync());

        Assert.Equal(TransferResult.Complete(100_000), result);
        Assert.True(elapsed > TimeSpan.Zero);
    }

    [Fact]
    public async Task AccessLog_On_HasOneLineWithAllFields()
    {
        await using var echo = new EchoServer();
        using var logs = new LogCapture();
        await using var host = await StartAsync(echo, """ "AccessLog": true """, logs: logs);
        using (var client = await host.ConnectAsync("s"))
        {
            await ExchangeAsync(client);
            client.HalfClose();
            await client.ReadToEndAsync();
            await Deadline.PollAsync(() => Task.FromResult(host.Connections.Count == 0));
            var line = Assert.Single(logs.Of("WmProxy.AccessLog"));
            Assert.Equal(client.LocalEndPoint.ToString(), line.Values["client"]);
            Assert.Equal("s", line.Values["stream"]);
            Assert.Equal("-", line.Values["serverName"]);
            Assert.Equal("s", line.Values["cluster"]);
            Assert.Equal("1", line.Values["destination"]);
            Assert.Equal(5L, line.Values["bytesUp"]);
            Assert.Equal(5L, line.Values["bytesDown"]);
            Assert.True((double)line.Values["durationMs"]! >= 0);
            Assert.Equal("Completed", line.Values["reason"]!.ToString());
        }
    }

    private static async Task<ProxyHost> StartAsync(TestServerSocket server, string settings, TimeProvider? time = null, LogCapture? logs = null) =>
        await ProxyHost.StartAsync(
            $$"""{ "WmProxy": { "Streams": { "s": { "Listen": "tcp://127.0.0.1:0", "To": "{{server.Address}}", {{settings}} } } } }""",
            builder =>
            {
                if (logs is not null)
                {
                    builder.Logging.AddProvider(logs);
                }
            },
            timeProvider: time);

    private static async Task ExchangeAsync(RawConnection client)
    {
        await client.SendAsync("hello");
        Assert.Equal("hello", Encoding.ASCII.GetString(await client.ReadExactlyAsync(5)));
    }

    private static long Sum(ProxyHost host)
    {
        var sum = 0L;
        foreach (var connection in host.Connections.Connections)
        {
            sum += connection.BytesDown;
        }

        return sum;
    }
}
