using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Streams;

public sealed class MemoryTests
{
    private const int Readers = 20;
    private const long Length = 64 * 1024 * 1024;
    private const long Allowed = 5 * 1024 * 1024;

    [Theory, ClassData(typeof(Engines))]
    public async Task Stream_TwentyStalledReaders_CostAtMostFiveMegabytes(string engine)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Memory is read from /proc.");
        var sent = 0L;
        await using var source = new TestServerSocket(async (connection, cancellationToken) =>
        {
            var piece = new byte[64 * 1024];
            for (var offset = 0L; offset < Length;)
            {
                var count = await connection.Socket.SendAsync(piece, SocketFlags.None, cancellationToken);
                offset += count;
                Interlocked.Add(ref sent, count);
            }
        });
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            { "WmProxy": { "Engine": "{{engine}}", "Streams": { "down": { "Listen": "tcp://127.0.0.2:0", "To": "{{source.Address}}" } } } }
            """);

        // What the first transfers cost once (compiled code, the pool of buffers) is not the readers'.
        await Task.WhenAll(Enumerable.Range(0, Readers).Select(async _ =>
        {
            using var connection = await proxy.ConnectAsync("127.0.0.2");
            Assert.Equal(Length, (await connection.DrainAsync()).Length);
        }));
        var before = ProcessUsage.Memory(proxy.Process.Id);
        Interlocked.Exchange(ref sent, 0);
        var stalled = new List<RawConnection>();
        try
        {
            for (var number = 0; number < Readers; number++)
            {
                stalled.Add(await RawClient.ConnectAsync(proxy.EndPoint("127.0.0.2"), receiveBuffer: 4096));
            }

            await StandstillAsync(() => Interlocked.Read(ref sent));
            Assert.True(Interlocked.Read(ref sent) < Readers * Length);

            var grown = ProcessUsage.Memory(proxy.Process.Id) - before;
            Assert.True(grown <= Allowed, $"{grown} bytes more for {Readers} stalled readers");

            // One of them reads on, and gets everything.
            Assert.Equal(Length, (await stalled[0].DrainAsync()).Length);
        }
        finally
        {
            stalled.ForEach(connection => connection.Reset());
        }
    }

    /// <summary>Waits until <paramref name="counter"/> has begun and has not moved for half a second: everything on the way is full.</summary>
    private static async Task StandstillAsync(Func<long> counter)
    {
        using var over = new CancellationTokenSource(Deadline.Default);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        var (last, still) = (0L, 0);
        while (still < 5)
        {
            await tick.WaitForNextTickAsync(over.Token);
            var now = counter();
            still = now == last && now > 0 ? still + 1 : 0;
            last = now;
        }
    }
}
