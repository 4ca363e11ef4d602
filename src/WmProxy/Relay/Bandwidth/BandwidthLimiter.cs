using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Relay.Bandwidth;

/// <summary>
/// A token bucket of bytes, which several connections may share. Who finds it empty waits in line, and each in the line gets an equal share
/// of what comes in, so that none starves. There is a timer only while somebody waits. Each direction of a connection waits once at a time,
/// so the line is bounded by the connections that share the limiter.
/// </summary>
internal sealed class BandwidthLimiter : IDisposable
{
    private const int MinBurst = 16 * 1024;

    // Less than this is worth a system call of its own only if there is no more to send, or no faster rate.
    private const int MinGrant = 4 * 1024;

    // While bytes are waited for, they are handed out this many times a second: rarely enough to cost nothing, and well within the time that
    // the burst lasts (1/8 s), so that a timer which is late loses none.
    private const int GrantsPerSecond = 20;

    private static readonly TimeSpan MinWait = TimeSpan.FromMilliseconds(1);

    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _waiters = new();
    private readonly TimeProvider _timeProvider;
    private readonly double _bytesPerTimestamp;
    private readonly double _burst;
    private readonly int _quantum;

    private double _tokens;
    private long _lastRefill;
    private long _wanted;
    private ITimer? _timer;
    private bool _disposed;

    /// <param name="bytesPerSecond">The rate in the long run; more than 0.</param>
    /// <param name="timeProvider">Tells time.</param>
    public BandwidthLimiter(long bytesPerSecond, TimeProvider timeProvider)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytesPerSecond);
        BytesPerSecond = bytesPerSecond;
        _timeProvider = timeProvider;
        _bytesPerTimestamp = (double)bytesPerSecond / timeProvider.TimestampFrequency;
        _tokens = _burst = Math.Max(bytesPerSecond / 8, MinBurst);
        _quantum = (int)Math.Clamp(bytesPerSecond / GrantsPerSecond, 1, int.MaxValue);
        _lastRefill = timeProvider.GetTimestamp();
    }

    public long BytesPerSecond { get; }

    /// <summary>How many wait for bytes.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _waiters.Count;
            }
        }
    }

    /// <summary>Takes up to <paramref name="wanted"/> bytes, waiting while there are none.</summary>
    /// <returns>How many bytes may be moved: from 1 to <paramref name="wanted"/>.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled; nothing was taken.</exception>
    /// <exception cref="ObjectDisposedException">The limiter is disposed.</exception>
    public ValueTask<int> AcquireAsync(int wanted, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(wanted);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Refill();
            if (_waiters.Count == 0 && _tokens >= GetLeastGrant(wanted))
            {
                return new ValueTask<int>(Take(wanted));
            }
        }

        return WaitAsync(wanted, cancellationToken);
    }

    /// <summary>
    /// Takes <paramref name="count"/> bytes that can only go together, a datagram, without waiting; <see langword="false"/> when the limit is reached. One
    /// that is larger than the burst goes once the burst is whole, and is paid off afterwards.
    /// </summary>
    public bool TryAcquire(int count)
    {
        lock (_lock)
        {
            Refill();
            if (_disposed || _waiters.Count > 0 || _tokens < Math.Min(count, _burst))
            {
                return false;
            }

            _tokens -= count;
            return true;
        }
    }

    /// <summary>Gives back bytes that were acquired but not moved.</summary>
    public void Return(int unused)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(unused);
        lock (_lock)
        {
            _tokens = Math.Min(_burst, _tokens + unused);
            Grant();
        }
    }

    /// <summary>Ends all waits with <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _timer?.Dispose();
            _timer = null;
            foreach (var waiter in _waiters)
            {
                waiter.TrySetException(new ObjectDisposedException(nameof(BandwidthLimiter)));
            }

            _waiters.Clear();
        }
    }

    private async ValueTask<int> WaitAsync(int wanted, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(this, wanted);
        using (cancellationToken.UnsafeRegister(
            static (state, token) => ((Waiter)state!).Limiter.Cancel((Waiter)state, token),
            waiter))
        {
            Enqueue(waiter);
            return await waiter.Task;
        }
    }

    private void Enqueue(Waiter waiter)
    {
        lock (_lock)
        {
            if (_disposed)
            {
                waiter.TrySetException(new ObjectDisposedException(nameof(BandwidthLimiter)));
            }
            else if (!waiter.Task.IsCompleted)
            {
                _waiters.AddLast(waiter.Node);
                _wanted += waiter.Wanted;
                Grant();
            }
        }
    }

    private void Cancel(Waiter waiter, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (waiter.TrySetCanceled(cancellationToken) && waiter.Node.List is not null)
            {
                Remove(waiter);
                Grant();
            }
        }
    }

    private void OnTimer()
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                _timer?.Dispose();
                _timer = null;
                Grant();
            }
        }
    }

    /// <summary>Serves the line from its head, and sees to it that there is a timer exactly if somebody is left. Called with the lock.</summary>
    private void Grant()
    {
        Refill();
        if (_waiters.Count > 0)
        {
            var share = (int)Math.Clamp(_tokens / _waiters.Count, MinGrant, int.MaxValue);
            while (_waiters.First is { Value: var waiter } && _tokens >= GetLeastGrant(waiter.Wanted))
            {
                Remove(waiter);
                waiter.TrySetResult(Take(Math.Min(waiter.Wanted, share)));
            }
        }

        if (_waiters.Count == 0)
        {
            _timer?.Dispose();
            _timer = null;
        }
        else
        {
            _timer ??= StartTimer();
        }
    }

    private ITimer StartTimer()
    {
        var missing = Math.Min(_quantum, _wanted) - _tokens;
        var wait = TimeSpan.FromTicks((long)Math.Ceiling(missing * TimeSpan.TicksPerSecond / BytesPerSecond));

        // The timer would keep the execution context, and all that hangs on it, of whichever connection came first.
        var flow = ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow();
        try
        {
            return _timeProvider.CreateTimer(
                static state => ((BandwidthLimiter)state!).OnTimer(),
                this,
                wait > MinWait ? wait : MinWait,
                Timeout.InfiniteTimeSpan);
        }
        finally
        {
            flow?.Dispose();
        }
    }

    // A timestamp that went backwards adds nothing, one that leapt forwards a burst. What is added is not rounded: rounding would add up.
    private void Refill()
    {
        var now = _timeProvider.GetTimestamp();
        _tokens = Math.Min(_burst, _tokens + Math.Max(0, now - _lastRefill) * _bytesPerTimestamp);
        _lastRefill = now;
    }

    private int Take(int wanted)
    {
        var taken = (int)Math.Min(wanted, _tokens);
        _tokens -= taken;
        return taken;
    }

    private void Remove(Waiter waiter)
    {
        _waiters.Remove(waiter.Node);
        _wanted -= waiter.Wanted;
    }

    private int GetLeastGrant(int wanted) => Math.Min(wanted, Math.Min(_quantum, MinGrant));

    private sealed class Waiter : TaskCompletionSource<int>
    {
        public Waiter(BandwidthLimiter limiter, int wanted)
            : base(TaskCreationOptions.RunContinuationsAsynchronously)
        {
            Limiter = limiter;
            Wanted = wanted;
            Node = new LinkedListNode<Waiter>(this);
        }

        public BandwidthLimiter Limiter { get; }

        public int Wanted { get; }

        public LinkedListNode<Waiter> Node { get; }
    }
}
