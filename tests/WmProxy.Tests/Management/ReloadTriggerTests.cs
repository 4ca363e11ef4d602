using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Configuration;
using WmProxy.Management;

namespace WmProxy.Tests.Management;

public sealed class ReloadTriggerTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly FakeMonitor _options = new();
    private readonly CountingReloader _reloader = new();

    [Fact]
    public void Changed_BurstOfChanges_ReloadsOnceAfterTheLast()
    {
        using var trigger = Start();

        for (var i = 0; i < 5; i++)
        {
            _options.Change();
            _time.Advance(TimeSpan.FromMilliseconds(50));
        }

        Assert.Equal(0, _reloader.Count);
        _time.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Equal(1, _reloader.Count);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, _reloader.Count);
    }

    [Fact]
    public void Changed_AgainAfterAReload_ReloadsAgain()
    {
        using var trigger = Start();

        _options.Change();
        _time.Advance(TimeSpan.FromMilliseconds(100));
        _options.Change();
        _time.Advance(TimeSpan.FromMilliseconds(99));
        Assert.Equal(1, _reloader.Count);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(2, _reloader.Count);
    }

    [Fact]
    public void Changed_EndlessChanges_ReloadsEverySecond()
    {
        using var trigger = Start();

        for (var milliseconds = 0; milliseconds < 10_000; milliseconds += 20)
        {
            _options.Change();
            _time.Advance(TimeSpan.FromMilliseconds(20));
        }

        // 50 changes a second for 10 s, none of them followed by 100 ms of peace.
        Assert.InRange(_reloader.Count, 9, 10);
    }

    [Fact]
    public void Changed_NoDelayConfigured_ReloadsAtOnce()
    {
        _options.CurrentValue.ReloadDelay = TimeSpan.Zero;
        using var trigger = Start();

        _options.Change();
        _time.Advance(TimeSpan.Zero);

        Assert.Equal(1, _reloader.Count);
    }

    [Fact]
    public void Changed_DelayLongerThanASecond_ReloadsAfterASecond()
    {
        _options.CurrentValue.ReloadDelay = TimeSpan.FromMinutes(1);
        using var trigger = Start();

        _options.Change();
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(1, _reloader.Count);
    }

    [Fact]
    public void Start_ChangedBefore_Reloads()
    {
        using var trigger = Start(hasChanged: true);

        _time.Advance(TimeSpan.FromMilliseconds(100));

        Assert.Equal(1, _reloader.Count);
    }

    [Fact]
    public void Dispose_ChangePending_NothingMoreHappens()
    {
        var trigger = Start();
        _options.Change();

        trigger.Dispose();
        _options.Change();
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(0, _reloader.Count);
        Assert.Equal(0, _options.Listeners);
    }

    private ReloadTrigger Start(bool hasChanged = false)
    {
        var trigger = new ReloadTrigger(_options, _reloader, _time);
        trigger.Start(hasChanged);
        return trigger;
    }

    private sealed class CountingReloader : IConfigReloader
    {
        public int Count { get; private set; }

        public ReloadResult? LastResult => null;

        public Task<ReloadResult> ReloadAsync(CancellationToken cancellationToken = default)
        {
            Count++;
            return Task.FromResult(new ReloadResult(true, default, []));
        }
    }

    private sealed class FakeMonitor : IOptionsMonitor<WmProxyOptions>
    {
        private Action<WmProxyOptions, string?>? _listeners;

        public WmProxyOptions CurrentValue { get; } = new();

        public int Listeners => _listeners?.GetInvocationList().Length ?? 0;

        public WmProxyOptions Get(string? name) => CurrentValue;

        public void Change() => _listeners?.Invoke(CurrentValue, null);

        public IDisposable? OnChange(Action<WmProxyOptions, string?> listener)
        {
            _listeners += listener;
            return new Subscription(() => _listeners -= listener);
        }
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
