using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using WmProxy.Diagnostics;

namespace WmProxy.Connections;

/// <summary>
/// Every live connection. One timer sweeps it once a second for all time limits, which costs less than timers of each connection's own.
/// </summary>
internal sealed partial class ConnectionTable : IDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AbortTimeout = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<long, ConnectionState> _connections = new();
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _aborting = new();
    private long _lastId;
    private int _sweeping;
    private TaskCompletionSource? _drained;
    private int _endReason;

    public ConnectionTable(TimeProvider timeProvider, ILogger<ConnectionTable> logger)
    {
        _logger = logger;
        _timeProvider = timeProvider;
        Aborting = _aborting.Token;
        _timer = timeProvider.CreateTimer(static table => ((ConnectionTable)table!).Sweep(), this, SweepInterval, SweepInterval);
    }

    public int Count => _connections.Count;

    public IEnumerable<ConnectionState> Connections => _connections.Values;

    public long NextId() => Interlocked.Increment(ref _lastId);

    /// <summary>Cancelled when all connections are ended at once: for what a closed socket does not interrupt.</summary>
    public CancellationToken Aborting { get; }

    public void Add(ConnectionState connection)
    {
        _connections[connection.Id] = connection;
        if (Volatile.Read(ref _drained) is not null)
        {
            connection.Drain(long.MaxValue);
        }

        if ((ConnectionEndReason)Interlocked.CompareExchange(ref _endReason, 0, 0) is var reason and not ConnectionEndReason.None)
        {
            // Accepted before its listener was closed, and added after all were ended.
            connection.Abort(reason);
        }
    }

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
                connection.Drain(deadline);
            }
            else
            {
                connection.StopDraining();
            }
        }
    }

    /// <summary>
    /// Waits until no connection is left; when <paramref name="timeout"/> has passed or <paramref name="cancellationToken"/> is cancelled,
    /// ends the rest with <see cref="ConnectionEndReason.Shutdown"/>. No connection may be added any more.
    /// </summary>
    public async Task DrainAllAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var drained = WhenEmpty();
        foreach (var (_, connection) in _connections)
        {
            connection.Drain(long.MaxValue);
        }

        try
        {
            await drained.WaitAsync(timeout, _timeProvider, cancellationToken);
        }
        catch (Exception ex) when (ex is TimeoutException or OperationCanceledException)
        {
            await AbortAllAsync(ConnectionEndReason.Shutdown, AbortTimeout);
        }
    }

    /// <summary>
    /// Ends every connection at once, also those that are still to be added; their peers see a failure. Waits until they have ended, no longer than
    /// <paramref name="timeout"/>: what is aborted ends by itself, on whatever thread it belongs to, and records why.
    /// </summary>
    public async Task AbortAllAsync(ConnectionEndReason reason, TimeSpan timeout)
    {
        Interlocked.CompareExchange(ref _endReason, (int)reason, (int)ConnectionEndReason.None);
        foreach (var (_, connection) in _connections)
        {
            Protect(connection, static (connection, reason) => connection.Abort(reason), reason);
        }

        await _aborting.CancelAsync();
        try
        {
            // On the real clock, as it needs no more than the processor's time.
            await WhenEmpty().WaitAsync(timeout, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            // Something does not let go; the process is to stop nevertheless.
        }
    }

    /// <summary><paramref name="time"/> in the ticks of the time provider's timestamps.</summary>
    public long ToTicks(TimeSpan time)
    {
        var ticks = time.TotalSeconds * _timeProvider.TimestampFrequency;
        return ticks >= long.MaxValue / 2 ? long.MaxValue / 2 : (long)ticks;
    }

    public void Dispose()
    {
        _timer.Dispose();
        _aborting.Dispose();
    }

    private Task WhenEmpty()
    {
        var made = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var drained = Interlocked.CompareExchange(ref _drained, made, null) ?? made;
        if (_connections.IsEmpty)
        {
            drained.TrySetResult();
        }

        return drained.Task;
    }

    // An abort runs code of others (a foreign connection context, whoever waits): one that throws must not end the process, nor spare the rest.
    private void Protect<T>(ConnectionState connection, Action<ConnectionState, T> action, T argument)
    {
        try
        {
            action(connection, argument);
        }
        catch (Exception ex)
        {
            Log.SweepFailed(_logger, connection.Id, ex);
        }
    }

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
                Protect(connection, static (connection, now) => connection.Sweep(now), now);
            }
        }
        finally
        {
            Volatile.Write(ref _sweeping, 0);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.SweepFailed, LogLevel.Error, "Ending connection {id} failed unexpectedly.", EventName = nameof(SweepFailed))]
        public static partial void SweepFailed(ILogger logger, long id, Exception exception);
    }
}
