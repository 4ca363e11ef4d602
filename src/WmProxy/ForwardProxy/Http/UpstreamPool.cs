using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading;

namespace WmProxy.ForwardProxy.Http;

/// <summary>
/// Connections to destinations of HTTP that wait for their next request. One that its destination has closed is not given out; a timer, which runs only while
/// there are any, closes those.
/// </summary>
internal sealed class UpstreamPool : IDisposable
{
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan TrimInterval = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<UpstreamKey, UpstreamConnection> _idle = [];
    private readonly UpstreamConnections _connections;
    private readonly TimeProvider _timeProvider;
    private ITimer? _timer;
    private bool _isDisposed;

    public UpstreamPool(UpstreamConnections connections, TimeProvider timeProvider) => (_connections, _timeProvider) = (connections, timeProvider);

    /// <summary>How many connections wait.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _idle.Values.Sum(first => ListOf(first).Count());
            }
        }
    }

    /// <summary>A connection for <paramref name="key"/> to one of <paramref name="addresses"/>, or to whatever the name means to a parent where there are none.</summary>
    public UpstreamConnection? TryTake(in UpstreamKey key, IReadOnlyList<IPAddress> addresses)
    {
        while (Pop(key) is { } connection)
        {
            if (connection.IsUsableFor(addresses))
            {
                connection.IsReused = true;
                return connection;
            }

            connection.Dispose();
        }

        return null;
    }

    /// <summary>Keeps a connection on which a request and its response are over, or closes it where there are too many.</summary>
    public void Return(UpstreamConnection connection)
    {
        if (_connections.IsFull(connection.Client) || _timeProvider.GetElapsedTime(connection.Opened) >= Lifetime)
        {
            connection.Dispose();
            return;
        }

        connection.IdleSince = _timeProvider.GetTimestamp();
        lock (_lock)
        {
            if (!_isDisposed)
            {
                _idle.TryGetValue(connection.Key, out var next);
                connection.Next = next;
                _idle[connection.Key] = connection;
                _timer ??= StartTimer();
                return;
            }
        }

        connection.Dispose();
    }

    public void Dispose()
    {
        List<UpstreamConnection> left;
        lock (_lock)
        {
            _isDisposed = true;
            _timer?.Dispose();
            left = [.. _idle.Values.SelectMany(ListOf)];
            _idle.Clear();
        }

        left.ForEach(static connection => connection.Dispose());
    }

    private static IEnumerable<UpstreamConnection> ListOf(UpstreamConnection? first)
    {
        for (var connection = first; connection is not null; connection = connection.Next)
        {
            yield return connection;
        }
    }

    private UpstreamConnection? Pop(in UpstreamKey key)
    {
        lock (_lock)
        {
            // The last one first: the others are let go when they are not needed.
            if (!_idle.TryGetValue(key, out var first))
            {
                return null;
            }

            if (first.Next is { } next)
            {
                _idle[key] = next;
            }
            else
            {
                _idle.Remove(key);
            }

            first.Next = null;
            return first;
        }
    }

    private ITimer StartTimer()
    {
        // The timer would keep the execution context of whichever request came first.
        using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow())
        {
            return _timeProvider.CreateTimer(static pool => ((UpstreamPool)pool!).Trim(), this, TrimInterval, TrimInterval);
        }
    }

    private void Trim()
    {
        var closed = new List<UpstreamConnection>();
        lock (_lock)
        {
            foreach (var (key, first) in _idle.ToArray())
            {
                var all = ListOf(first).ToArray();
                var kept = all.Where(IsWorthKeeping).ToArray();
                if (kept.Length == all.Length)
                {
                    continue;
                }

                closed.AddRange(all.Except(kept));
                Relink(key, kept);
            }

            if (_idle.Count == 0)
            {
                _timer?.Dispose();
                _timer = null;
            }
        }

        closed.ForEach(static connection => connection.Dispose());
    }

    private void Relink(in UpstreamKey key, UpstreamConnection[] kept)
    {
        for (var i = 0; i < kept.Length; i++)
        {
            kept[i].Next = i + 1 < kept.Length ? kept[i + 1] : null;
        }

        if (kept.Length > 0)
        {
            _idle[key] = kept[0];
        }
        else
        {
            _idle.Remove(key);
        }
    }

    private bool IsWorthKeeping(UpstreamConnection connection) =>
        _timeProvider.GetElapsedTime(connection.IdleSince) < IdleTimeout && _timeProvider.GetElapsedTime(connection.Opened) < Lifetime && !connection.Stream.HasInput;
}
