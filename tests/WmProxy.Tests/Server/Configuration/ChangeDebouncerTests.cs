using System;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Server.Configuration;

namespace WmProxy.Tests.Server.Configuration;

public sealed class ChangeDebouncerTests
{
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();
    private int _calls;

    [Fact]
    public void Changed_Once_CallsOnceAfterSettling()
    {
        using var debouncer = Create();

        debouncer.Changed();
        _time.Advance(Settle - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, _calls);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, _calls);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, _calls);
    }

    [Fact]
    public void Changed_BurstShorterThanLongest_CallsOnceAfterItsEnd()
    {
        using var debouncer = Create();

        for (var change = 0; change < 8; change++)
        {
            debouncer.Changed();
            _time.Advance(TimeSpan.FromMilliseconds(100));
            Assert.Equal(0, _calls);
        }

        _time.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Equal(1, _calls);
    }

    [Fact]
    public void Changed_FiftyTimesASecondForTenSeconds_CallsAboutOnceASecond()
    {
        using var debouncer = Create();

        for (var change = 0; change < 500; change++)
        {
            debouncer.Changed();
            _time.Advance(TimeSpan.FromMilliseconds(20));
        }

        Assert.InRange(_calls, 9, 10);
    }

    [Fact]
    public void Changed_AfterACall_CallsAgain()
    {
        using var debouncer = Create();

        debouncer.Changed();
        _time.Advance(Settle);
        debouncer.Changed();
        _time.Advance(Settle);

        Assert.Equal(2, _calls);
    }

    [Fact]
    public void Dispose_WithAPendingChange_CallsNoMore()
    {
        var debouncer = Create();
        debouncer.Changed();

        debouncer.Dispose();
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(0, _calls);
    }

    private ChangeDebouncer Create() => new(_time, Settle, Longest, () => _calls++);
}
