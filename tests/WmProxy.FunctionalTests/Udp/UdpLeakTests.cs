using System;
using System.IO;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Connections;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.FunctionalTests.Streams;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Udp;

[Collection(typeof(WholeProcessCollection))]
public class UdpLeakTests
{
    // What the runtime opens now and then.
    private const int Slack = 40;

    [Fact]
    public async Task Sessions_TenThousand_LeaveNothingBehind()
    {
        const int sessions = 10_000;
        var time = new FakeTimeProvider();
        await using var echo = new UdpEchoServer();
        await using var host = await ProxyHost.StartAsync(
            $$"""{ "WmProxy": { "Streams": { "s": { "Listen": "udp://127.0.0.1:0", "To": "{{echo.Address}}", "Requests": 1, "MaxSessions": 20000 } } } }""", timeProvider: time);
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();
        var before = CountDescriptors();

        // Half of them at a time: as many descriptors as that are open then.
        for (var half = 1; half <= 2; half++)
        {
            for (var i = 0; i < sessions / 2; i++)
            {
                Assert.Equal("hello", (await client.AskAsync("hello", host.EndPointOf("s"))).Text);
            }

            Assert.Equal(sessions / 2, host.Connections.Count);
            Assert.Equal(sessions / 2, records.Active);
            await Deadline.PollAsync(() =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(host.Connections.Count == 0);
            });
            Assert.Equal(half * sessions / 2, records.Count);
        }

        Assert.Equal(0, records.Active);
        Assert.Equal(0, Destinations.Of(host, "s")["1"].ConcurrentRequestCount);
        Assert.Empty(records.Dropped);
        await Deadline.PollAsync(() => Task.FromResult(CountDescriptors() <= before + Slack));
    }

    [Fact]
    public async Task Listeners_OpenedAndClosed_LeaveNothingBehind()
    {
        await using var echo = new UdpEchoServer();
        var with = $$"""{ "WmProxy": { "Streams": { "s": { "Listen": "udp://*:0", "To": "{{echo.Address}}" }, "t": { "Listen": "udp://127.0.0.1:0", "To": "{{echo.Address}}" } } } }""";
        var without = $$"""{ "WmProxy": { "Streams": { "t": { "Listen": "udp://127.0.0.1:0", "To": "{{echo.Address}}" } } } }""";
        await using var host = await ProxyHost.StartAsync(without);
        var before = CountDescriptors();

        for (var i = 0; i < 50; i++)
        {
            Assert.True((await host.ReloadAsync(with)).Succeeded);
            using var client = new UdpPeer();
            Assert.Equal("hello", (await client.AskAsync("hello", host.EndPointOf("s"))).Text);
            Assert.Equal("hello", (await client.AskAsync("hello", host.EndPointOf("t"))).Text);
            Assert.True((await host.ReloadAsync(without)).Succeeded);
        }

        foreach (var row in host.Connections.Connections)
        {
            row.Abort(ConnectionEndReason.Killed);
        }

        await Deadline.PollAsync(() => Task.FromResult(host.Connections.Count == 0));
        await Deadline.PollAsync(() => Task.FromResult(CountDescriptors() <= before + Slack));
    }

    private static int CountDescriptors() => OperatingSystem.IsLinux() ? Directory.GetFileSystemEntries("/proc/self/fd").Length : 0;
}
