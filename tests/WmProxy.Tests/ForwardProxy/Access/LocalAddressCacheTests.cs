using System;
using System.Collections.Frozen;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using WmProxy.ForwardProxy.Access;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.ForwardProxy.Access;

public sealed class LocalAddressCacheTests : IDisposable
{
    private static readonly IPAddress First = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Second = IPAddress.Parse("192.0.2.2");

    private readonly FakeTimeProvider _time = new();
    private readonly LocalAddressCache _cache;
    private Func<IPAddress> _read = () => First;
    private int _reads;

    public LocalAddressCacheTests() => _cache = new LocalAddressCache(_time, () =>
    {
        Interlocked.Increment(ref _reads);
        return new[] { _read() }.ToFrozenSet();
    });

    public void Dispose() => _cache.Dispose();

    [Fact]
    public void Contains_OnceStarted_NeverReadsItself()
    {
        _cache.Start();
        Assert.True(_cache.Contains(First));
        Assert.False(_cache.Contains(Second));

        Assert.Equal(1, _reads);
    }

    [Fact]
    public void Contains_NobodyAskedForALongTime_IsUpToDateAllTheSame()
    {
        _cache.Start();
        _time.Advance(TimeSpan.FromHours(1));
        _read = () => Second;
        _time.Advance(TimeSpan.FromSeconds(5));
        var reads = _reads;

        Assert.True(_cache.Contains(Second));
        Assert.False(_cache.Contains(First));
        Assert.Equal(reads, _reads);
    }

    [Fact]
    public async Task Contains_WhileTheAddressesAreRead_GoesByThoseBefore()
    {
        _cache.Start();
        var reading = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var gate = new ManualResetEventSlim();
        _read = () =>
        {
            reading.SetResult();
            gate.Wait();
            return Second;
        };
        var refreshing = Task.Run(() => _time.Advance(TimeSpan.FromSeconds(5)));
        await reading.Task.Within();

        // It returns although the gate is shut.
        Assert.True(_cache.Contains(First));

        gate.Set();
        await refreshing.Within();
        Assert.True(_cache.Contains(Second));
    }

    [Fact]
    public void Contains_NotStarted_StartsFirst()
    {
        Assert.True(_cache.Contains(First));
        Assert.Equal(1, _reads);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(2, _reads);
    }

    [Fact]
    public void Contains_AddressesCannotBeRead_GoesByThoseBeforeAndTriesAgain()
    {
        _cache.Start();
        _read = () => throw new InvalidOperationException();
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(_cache.Contains(First));
        _read = () => Second;
        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.True(_cache.Contains(Second));
    }

    [Fact]
    public void Start_Again_ReadsAtOnceAndNotMoreOftenThen()
    {
        _cache.Start();
        _read = () => Second;
        _cache.Start();
        Assert.True(_cache.Contains(Second));
        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(3, _reads);
    }

    [Fact]
    public void Dispose_Started_ReadsNoMore()
    {
        _cache.Start();
        _cache.Dispose();
        _time.Advance(TimeSpan.FromMinutes(1));
        _cache.Start();
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(2, _reads);
    }
}
