using System;
using System.Threading;

namespace WmProxy.Server.Configuration;

/// <summary>
/// Turns a burst of changes into one call: <c>settle</c> after the last change, and at most <c>longest</c> after the first, so that a file that is
/// written all the time is still read.
/// </summary>
internal sealed class ChangeDebouncer : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _timeProvider;
    private readonly TimeSpan _settle;
    private readonly TimeSpan _longest;
    private readonly Action _settled;
    private readonly ITimer _timer;
    private long _first;
    private bool _pending;

    public ChangeDebouncer(TimeProvider timeProvider, TimeSpan settle, TimeSpan longest, Action settled)
    {
        _timeProvider = timeProvider;
        _settle = settle;
        _longest = longest;
        _settled = settled;
        _timer = timeProvider.CreateTimer(static state => ((ChangeDebouncer)state!).Settle(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Changed()
    {
        lock (_lock)
        {
            if (!_pending)
            {
                _pending = true;
                _first = _timeProvider.GetTimestamp();
            }

            var left = _longest - _timeProvider.GetElapsedTime(_first);
            var wait = left < _settle ? left : _settle;
            _timer.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Settle()
    {
        lock (_lock)
        {
            if (!_pending)
            {
                return;
            }

            _pending = false;
        }

        _settled();
    }
}
