using System;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;
using Yarp.ReverseProxy;

namespace WmProxy.FunctionalTests.Streams;

/// <summary>Alone, as it counts what the whole process has.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class WholeProcessCollection;

[Collection(typeof(WholeProcessCollection))]
public class LeakTests
{
    // 64 pooled splice pipes have two ends each; the rest is for what the runtime opens now and then.
    private const int Slack = (64 * 2) + 40;

    [Fact]
    public async Task Connections_TwoThousandShortOnes_LeaveNothingBehind()
    {
        await using var echo = new EchoServer();
        await using var host = await ProxyHost.StartAsync(
            $$"""{ "WmProxy": { "Streams": { "s": { "Listen": "tcp://127.0.0.1:0", "To": "{{echo.Address}}", "MaxConnections": 5000 } } } }""");
        using var records = new ConnectionRecords(host);
        var before = CountDescriptors();

        await Parallel.ForAsync(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 50 }, async (i, _) =>
        {
            using var client = await host.ConnectAsync("s");
            await client.SendAsync("hello");
            await client.ReadExactlyAsync(5);
            if (i % 3 == 0)
            {
                client.Reset();
            }
            else if (i % 3 == 1)
            {
                client.HalfClose();
                await client.ReadToEndAsync();
            }
        });

        await Deadline.PollAsync(() => Task.FromResult(host.Connections.Count == 0 && echo.OpenCount == 0));
        Assert.Equal(2000, records.Count);
        Assert.Equal(0, records.Active);
        Assert.True(host.Application.Services.GetRequiredService<IProxyStateLookup>().TryGetCluster("s", out var cluster));
        Assert.All(cluster.Destinations.Values, destination => Assert.Equal(0, destination.ConcurrentRequestCount));
        await Deadline.PollAsync(() => Task.FromResult(CountDescriptors() <= before + Slack));
    }

    [Fact]
    public async Task StalledReaders_Twenty_CostAtMostFiveMegabytes()
    {
        await using var source = new SourceServer(1L << 30);
        await using var host = await ProxyHost.StartAsync(
            $$"""{ "WmProxy": { "Streams": { "s": { "Listen": "tcp://127.0.0.1:0", "To": "{{source.Address}}" } } } }""");
        using (var warm = await host.ConnectAsync("s"))
        {
            await warm.ReadExactlyAsync(1024 * 1024);
        }

        await host.WaitForConnectionsAsync(rows => rows.Count == 0);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var clients = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => RawClient.ConnectAsync(host.EndPointOf("s"), receiveBuffer: 4096)));
        try
        {
            // Stalled when nothing has moved for a while.
            long last = -1;
            var quiet = 0;
            await Deadline.PollAsync(() =>
            {
                var rows = host.Connections.Connections.ToList();
                var moved = rows.Sum(row => row.BytesDown);
                quiet = rows.Count == 20 && moved > 0 && moved == last ? quiet + 1 : 0;
                last = moved;
                return Task.FromResult(quiet >= 10);
            });

            // The buffers of the sources, which are in this process too, count as well: 128 KiB each.
            const long sources = 20 * 128 * 1024;
            Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, (5 * 1024 * 1024) + sources);
        }
        finally
        {
            foreach (var client in clients)
            {
                client.Reset();
            }
        }
    }

    private static int CountDescriptors() => OperatingSystem.IsLinux() ? Directory.GetFileSystemEntries("/proc/self/fd").Length : 0;
}
