using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Connections;

/// <summary>
/// Every live connection. One timer sweeps it once a second for all time limits, which costs less than timers of each connection's own.
/// </summary>
internal sealed class ConnectionTable : IDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<long, ConnectionState> _connections = new();
    private readonly TimeProvider _timeProvider;
    private readonly ITimer _timer;
    private long _lastId;
    private int _sweeping;
    private TaskCompletionSource? _drained;

    public ConnectionTable(TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        _timer = timeProvider.CreateTimer(static table => ((ConnectionTable)table!).Sweep(), this, SweepInterval, SweepInterval);
    }

    public int Count => _connections.Count;

    public IEnumerable<ConnectionState> Connections => _connections.Values;

    public long NextId() => Interlocked.Increment(ref _lastId);

    public void Add(ConnectionState connection) => _connections[connection.Id] = connection;

    public void Remove(ConnectionState connection)
    {
        _connections.TryRemove(connection.Id, out _);
        if (Volatile.Read(ref _drained) is { } drained && _connections.IsEmpty)
        {
            drained.TrySetResult();
        }
    }

    /// <summary>
    /// Gives the connections that <paramref name="match"/> the time until <paramref name="timeout"/> from now, or until whenever they were given before, to
    /// end by themselves; takes the limit from all others, whose stream has come back.
    /// </summary>
    public void Drain(Func<ConnectionState, bool> match, TimeSpan timeout)
    {
        var deadline = _timeProvider.GetTimestamp() + ToTicks(timeout);
        foreach (var (_, connection) in _connections)
        {
            if (match(connection))
            {
                connection.SetDrainDeadline(deadline);
            }
            else
            {
                connection.ClearDrainDeadline();
            }
        }
    }

    /// <summary>
    /// Waits until no connection is left; when <paramref name="timeout"/> has passed or <paramref name="cancellationToken"/> is cancelled,
    /// ends the rest with <see cref="ConnectionEndReason.Shutdown"/>. No connection may be added any more.
    /// </summary>
    public async Task DrainAllAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _drained, drained);
        if (_connections.IsEmpty)
        {
            return;
        }

        try
        {
            await drained.Task.WaitAsync(timeout, _timeProvider, cancellationToken);
        }
        catch (Exception ex) when (ex is TimeoutException or OperationCanceledException)
        {
            foreach (var (_, connection) in _connections)
            {
                connection.Abort(ConnectionEndReason.Shutdown);
            }
        }
    }

    /// <summary><paramref name="time"/> in the ticks of the time provider's timestamps.</summary>
    public long ToTicks(TimeSpan time)
    {
        var ticks = time.TotalSeconds * _timeProvider.TimestampFrequency;
        return ticks >= long.MaxValue / 2 ? long.MaxValue / 2 : (long)ticks;
    }

    public void Dispose() => _timer.Dispose();

    private void Sweep()
    {
        // A sweep that takes longer than the interval must not meet the next one.
        if (Interlocked.Exchange(ref _sweeping, 1) != 0)
        {
            return;
        }

        try
        {
            var now = _timeProvider.GetTimestamp();
            foreach (var (_, connection) in _connections)
            {
                connection.Sweep(now);
            }
        }
        finally
        {
            Volatile.Write(ref _sweeping, 0);
        }
    }
}
