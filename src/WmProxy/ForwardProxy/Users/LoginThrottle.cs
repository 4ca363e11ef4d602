using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading;
using WmProxy.Connections.Access;

namespace WmProxy.ForwardProxy.Users;

/// <summary>
/// Slows clients down whose logins fail: after some failures, each attempt waits its turn behind the one before it, longer each time. An attempt that would
/// have to wait too long is refused without a look, since its connection's time would be over first.
/// </summary>
internal sealed class LoginThrottle
{
    /// <summary>How many failures cost nothing.</summary>
    public const int FreeFailures = 5;

    private const int MaxClients = 10_000;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<ClientKey, Entry> _clients = [];
    private readonly TimeProvider _timeProvider;

    public LoginThrottle(TimeProvider timeProvider) => _timeProvider = timeProvider;

    /// <summary>How many clients are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _clients.Count;
            }
        }
    }

    /// <summary>
    /// How long an attempt of <paramref name="client"/> has to wait; <see langword="null"/> for one that is to be refused. A client without an address is one
    /// of this machine's.
    /// </summary>
    public TimeSpan? Enter(IPAddress? client)
    {
        if (client is null)
        {
            return TimeSpan.Zero;
        }

        lock (_lock)
        {
            if (!_clients.TryGetValue(ClientKey.Create(client), out var entry) || entry.Failures < FreeFailures)
            {
                return TimeSpan.Zero;
            }

            var now = _timeProvider.GetUtcNow();
            if (now - entry.LastFailure > Memory)
            {
                _clients.Remove(ClientKey.Create(client));
                return TimeSpan.Zero;
            }

            var turn = (entry.LastTurn > now ? entry.LastTurn : now) + DelayOf(entry.Failures);
            if (turn - now > LongestDelay)
            {
                return null;
            }

            entry.LastTurn = turn;
            return turn - now;
        }
    }

    /// <summary>An attempt of <paramref name="client"/> has failed.</summary>
    public void Fail(IPAddress? client)
    {
        if (client is null)
        {
            return;
        }

        lock (_lock)
        {
            var now = _timeProvider.GetUtcNow();
            var key = ClientKey.Create(client);
            if (!_clients.TryGetValue(key, out var entry) || now - entry.LastFailure > Memory)
            {
                MakeRoom();
                _clients[key] = entry = new Entry();
            }

            entry.Failures++;
            entry.LastFailure = now;
        }
    }

    /// <summary>An attempt of <paramref name="client"/> was right: what was wrong before is forgotten.</summary>
    public void Succeed(IPAddress? client)
    {
        if (client is not null)
        {
            lock (_lock)
            {
                _clients.Remove(ClientKey.Create(client));
            }
        }
    }

    private static TimeSpan DelayOf(int failures)
    {
        var doublings = Math.Min(failures - FreeFailures, 10);
        var delay = FirstDelay * Math.Pow(2, doublings);
        return delay < LongestDelay ? delay : LongestDelay;
    }

    private void MakeRoom()
    {
        if (_clients.Count < MaxClients)
        {
            return;
        }

        // Those that failed longest ago, a quarter of all, so that this is not done for each.
        foreach (var key in _clients.OrderBy(client => client.Value.LastFailure).Take(MaxClients / 4).Select(client => client.Key).ToList())
        {
            _clients.Remove(key);
        }
    }

    private sealed class Entry
    {
        public int Failures { get; set; }

        public DateTimeOffset LastFailure { get; set; }

        public DateTimeOffset LastTurn { get; set; }
    }
}
