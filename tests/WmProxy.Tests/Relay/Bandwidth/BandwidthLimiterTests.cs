using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Relay.Bandwidth;

namespace WmProxy.Tests.Relay.Bandwidth;

public sealed class BandwidthLimiterTests
{
    private const int Burst = 125_000;
    private const int Rate = 1_000_000;
    private static readonly TimeSpan HangProtection = TimeSpan.FromSeconds(30);

    private readonly OddTimeProvider _time = new(TimeSpan.TicksPerSecond);

    [Fact]
    public async Task AcquireAsync_FullBucket_GrantsAtOnceUpToTheBurst()
    {
        using var limiter = new BandwidthLimiter(Rate, _time);
        Assert.Equal(1000, await Now(limiter.AcquireAsync(1000, default)));
        Assert.Equal(Burst - 1000, await Now(limiter.AcquireAsync(1_000_000, default)));
        Assert.False(limiter.AcquireAsync(1, default).AsTask().IsCompleted);
    }

    [Fact]
    public async Task AcquireAsync_LowRate_HasTheLeastBurst()
    {
        using var limiter = new BandwidthLimiter(1000, _time);
        Assert.Equal(16 * 1024, await Now(limiter.AcquireAsync(1_000_000, default)));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(4096)]
    [InlineData(65536)]
    public async Task AcquireAsync_EmptyBucket_WaitsForAPartThatIsWorthMoving(int wanted)
    {
        using var limiter = new BandwidthLimiter(Rate, _time);
        await limiter.AcquireAsync(Burst, default);

        var waiting = limiter.AcquireAsync(wanted, default).AsTask();
        var least = Math.Min(wanted, 4096);
        _time.Advance(TimeSpan.FromMicroseconds(least - 10));
        Assert.Equal(1, limiter.Waiting);
        _time.Advance(TimeSpan.FromMilliseconds(60));
        Assert.InRange(await waiting.WaitAsync(HangProtection), least, wanted);
    }

    [Theory]
    [InlineData(10_000_000L, 37L, 100, 65_536)]
    [InlineData(1_000_000_000L, 1_000_000L, 30, 65_536)]
    [InlineData(3_579_545L, 1_000_003L, 60, 16_384)]
    [InlineData(32_768L, 99_999L, 60, 1460)]
    [InlineData(997L, 50_000_000L, 5, 65_536)]
    [InlineData(70_000_000L, 333_333L, 60, 64)]
    public async Task AcquireAsync_GreedyForLong_GetsTheRate(long frequency, long rate, int seconds, int wanted)
    {
        var time = new OddTimeProvider(frequency);
        using var limiter = new BandwidthLimiter(rate, time);
        var burst = Math.Max(rate / 8, 16 * 1024);
        for (var rest = burst; rest > 0;)
        {
            rest -= await Now(limiter.AcquireAsync((int)Math.Min(rest, int.MaxValue), default));
        }

        // Steps that divide nothing evenly.
        long moved = 0;
        var step = TimeSpan.FromTicks(TimeSpan.TicksPerMillisecond * 7 + 3);
        var start = time.GetUtcNow();
        var waiting = limiter.AcquireAsync(wanted, default).AsTask();
        while (time.GetUtcNow() - start < TimeSpan.FromSeconds(seconds))
        {
            time.Advance(step);
            while (limiter.Waiting == 0)
            {
                moved += await waiting;
                waiting = limiter.AcquireAsync(wanted, default).AsTask();
            }
        }

        var expected = rate * (time.GetUtcNow() - start).TotalSeconds;
        Assert.InRange(moved, expected * 0.99 - 1, expected * 1.01 + 1);
    }

    [Fact]
    public async Task AcquireAsync_TimersThatAreLate_LoseNothing()
    {
        using var limiter = new BandwidthLimiter(Rate, _time);
        await limiter.AcquireAsync(Burst, default);
        long moved = 0;
        for (var i = 0; i < 100; i++)
        {
            var waiting = limiter.AcquireAsync(65_536, default).AsTask();

            // The timer is due after 50 ms and fires after 100.
            _time.Advance(TimeSpan.FromMilliseconds(100));
            moved += await waiting.WaitAsync(HangProtection);
            moved += await limiter.AcquireAsync(50_000, default).AsTask().WaitAsync(HangProtection);
        }

        Assert.InRange(moved, 9_900_000, 10_100_000);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(100)]
    public async Task AcquireAsync_SeveralGreedyConnections_GetEqualParts(int connections)
    {
        using var limiter = new BandwidthLimiter(Rate, _time);
        await limiter.AcquireAsync(Burst, default);
        var moved = new long[connections];
        var waiting = new Task<int>[connections];

        // Some take big bites, some small ones.
        int Wanted(int i) => i % 2 == 0 ? 65_536 : 8192;
        for (var i = 0; i < connections; i++)
        {
            waiting[i] = limiter.AcquireAsync(Wanted(i), default).AsTask();
        }

        for (var tick = 0; tick < 4000; tick++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(10));
            var served = new List<int>();
            while (served.Count < connections - limiter.Waiting)
            {
                await Task.WhenAny(waiting.Where((_, i) => !served.Contains(i))).WaitAsync(HangProtection);
                served.AddRange(Enumerable.Range(0, connections).Where(i => waiting[i].IsCompleted && !served.Contains(i)));
            }

            foreach (var i in served)
            {
                moved[i] += await waiting[i];
                waiting[i] = limiter.AcquireAsync(Wanted(i), default).AsTask();
            }
        }

        Assert.InRange(moved.Sum(), 39_600_000, 40_400_000);
        var fair = 40_000_000 / connections;
        Assert.All(moved, bytes => Assert.InRange(bytes, connections == 2 ? fair / 4 : fair * 3 / 4, fair * 7 / 4));
    }

    [Fact]
    public async Task AcquireAsync_LaterSmallRequest_DoesNotOvertakeAWaitingOne()
    {
        using var limiter = new BandwidthLimiter(Rate, _time);
        await limiter.AcquireAsync(Burst, default);
        var first = limiter.AcquireAsync(4096, default).AsTask();
        var second = limiter.AcquireAsync(1, default).AsTask();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(2, limiter.Waiting);
        _time.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Equal(4096, await first.WaitAsync(HangProtection));
        Assert.Equal(1, await second.WaitAsync(HangProtection));
    }

    [Fact]
    public async Task AcquireAsync_Canceled_TakesNothingAndLetsTheNextOnePass()
    {
        using var limiter = new BandwidthLimiter(Rate, _time);
        await limiter.AcquireAsync(Burst, default);
        using var cancellation = new CancellationTokenSource();
        var canceled = limiter.AcquireAsync(4096, cancellation.Token).AsTask();
        var next = limiter.AcquireAsync(1000, default).AsTask();

        _time.Advance(TimeSpan.FromMilliseconds(2));
        Assert.Equal(2, limiter.Waiting);
        await cancellation.CancelAsync();

        await Assert.ThrowsAsync<TaskCanceledException>(() => canceled).WaitAsync(HangProtection);
        Assert.Equal(1000, await next.WaitAsync(HangProtection));
        Assert.Equal(1000, await Now(limiter.AcquireAsync(1000, default)));
        await Assert.ThrowsAsync<TaskCanceledException>(() => limiter.AcquireAsync(1, cancellation.Token).AsTask());
    }

    [Fact]
    public async Task Return_UnusedBytes_AreForTheNextOne()
    {
        using var limiter = new BandwidthLimiter(Rate, _time);
        await limiter.AcquireAsync(Burst, default);
        var waiting = limiter.AcquireAsync(5000, default).AsTask();
        limiter.Return(5000);
        Assert.Equal(5000, await waiting.WaitAsync(HangProtection));

        limiter.Return(int.MaxValue);
        Assert.Equal(Burst, await Now(limiter.AcquireAsync(int.MaxValue, default)));
    }

    [Fact]
    public async Task Dispose_WhileWaiting_EndsTheWaits()
    {
        var limiter = new BandwidthLimiter(Rate, _time);
        await limiter.AcquireAsync(Burst, default);
        var waiting = limiter.AcquireAsync(1, default).AsTask();
        limiter.Dispose();
        limiter.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting).WaitAsync(HangProtection);
        Assert.Throws<ObjectDisposedException>(() => { _ = limiter.AcquireAsync(1, default).AsTask(); });
        limiter.Return(1);
        _time.Advance(TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData(-3600)]
    [InlineData(3600)]
    public async Task AcquireAsync_ClockJumps_NeitherHangsNorFloods(int seconds)
    {
        using var limiter = new BandwidthLimiter(Rate, _time);
        await limiter.AcquireAsync(Burst, default);
        _time.Jump = seconds * _time.TimestampFrequency;

        var moved = 0L;
        var waiting = limiter.AcquireAsync(65_536, default).AsTask();
        for (var i = 0; i < 100; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(10));
            while (limiter.Waiting == 0)
            {
                moved += await waiting;
                waiting = limiter.AcquireAsync(65_536, default).AsTask();
            }
        }

        Assert.InRange(moved, 940_000, 1_010_000 + (seconds > 0 ? Burst : 0));
    }

    [Fact]
    public async Task AcquireAsync_ManyThreadsWithRealTime_AccountsForEveryByte()
    {
        using var limiter = new BandwidthLimiter(200_000_000, TimeProvider.System);
        var start = TimeProvider.System.GetTimestamp();
        var moved = 0L;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var own = 0L; own < 5_000_000;)
            {
                var granted = await limiter.AcquireAsync(65_536, default);
                own += granted;
                Interlocked.Add(ref moved, granted);
            }
        }))).WaitAsync(HangProtection);

        var allowed = 25_000_000 + 200_000_000 * TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        Assert.InRange(moved, 40_000_000, allowed);
    }

    private static ValueTask<int> Now(ValueTask<int> acquired)
    {
        Assert.True(acquired.IsCompletedSuccessfully);
        return acquired;
    }
}
