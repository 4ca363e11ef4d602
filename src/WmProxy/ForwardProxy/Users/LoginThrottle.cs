using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections.Access;

namespace WmProxy.ForwardProxy.Users;

/// <summary>
/// Slows clients down whose logins fail: after some failures, each attempt waits its turn behind the one before it, longer each time. An attempt that would
/// have to wait too long is refused without a look, since its connection's time would be over first. No client has more attempts under way than fail for
/// nothing, so that many at a time do not get past this; the rest queue up, to a bound.
/// </summary>
internal sealed class LoginThrottle
{
    /// <summary>How many failures cost nothing, and how many attempts of a client are under way at most.</summary>
    public const int FreeFailures = 5;

    /// <summary>How many attempts of a client are under way or queue up for that.</summary>
    public const int MaxAttempts = 64;

    private const int MaxClients = 10_000;

    // Names whose failures a right login makes forgotten. Whoever tries more of them guesses.
    private const int MaxNames = 8;

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
    /// Begins an attempt of <paramref name="client"/>, once it may; <see cref="Leave"/> ends it, unless it is refused. A client without an address is one of
    /// this machine's and is not slowed down.
    /// </summary>
    /// <returns>How long it has to wait before it is looked at; <see langword="null"/> for one that is refused.</returns>
    public async ValueTask<TimeSpan?> EnterAsync(IPAddress? client, CancellationToken cancellationToken)
    {
        if (client is null)
        {
            return TimeSpan.Zero;
        }

        var key = ClientKey.Create(client);
        if (Use(key) is not { } entry)
        {
            return null;
        }

        try
        {
            await entry.Slots.WaitAsync(cancellationToken);
        }
        catch
        {
            Release(key, entry);
            throw;
        }

        if (TakeTurn(entry) is { } wait)
        {
            return wait;
        }

        entry.Slots.Release();
        Release(key, entry);
        return null;
    }

    /// <summary>
    /// Ends an attempt: a right one makes forgotten what was wrong before with its name, and with no other, or whoever has a login could guess those of
    /// others between two of his own. <see langword="null"/> for one that was given up.
    /// </summary>
    /// <param name="client">The client's address.</param>
    /// <param name="name">The digest of the name (<see cref="CredentialDigest.OfName(ReadOnlySpan{byte})"/>).</param>
    /// <param name="isRight">How it ended.</param>
    public void Leave(IPAddress? client, UInt128 name, bool? isRight)
    {
        if (client is null)
        {
            return;
        }

        var key = ClientKey.Create(client);
        Entry entry;
        lock (_lock)
        {
            entry = _clients[key];
            if (isRight == true)
            {
                entry.Forget(name);
            }
            else if (isRight == false)
            {
                entry.Fail(name);
                entry.LastFailure = _timeProvider.GetTimestamp();
            }
        }

        entry.Slots.Release();
        Release(key, entry);
    }

    private static TimeSpan DelayOf(int failures)
    {
        var doublings = Math.Min(failures - FreeFailures, 10);
        var delay = FirstDelay * Math.Pow(2, doublings);
        return delay < LongestDelay ? delay : LongestDelay;
    }

    private TimeSpan? TakeTurn(Entry entry)
    {
        lock (_lock)
        {
            var now = _timeProvider.GetTimestamp();
            if (entry.Failures > 0 && _timeProvider.GetElapsedTime(entry.LastFailure, now) > Memory)
            {
                entry.ForgetAll();
            }

            if (entry.Failures < FreeFailures)
            {
                return TimeSpan.Zero;
            }

            var queue = entry.LastTurn > now ? _timeProvider.GetElapsedTime(now, entry.LastTurn) : TimeSpan.Zero;
            var wait = queue + DelayOf(entry.Failures);
            if (wait > LongestDelay)
            {
                return null;
            }

            entry.LastTurn = now + (long)(wait.TotalSeconds * _timeProvider.TimestampFrequency);
            return wait;
        }
    }

    private Entry? Use(ClientKey key)
    {
        lock (_lock)
        {
            if (!_clients.TryGetValue(key, out var entry))
            {
                MakeRoom();
                _clients.Add(key, entry = new Entry());
            }

            if (entry.Users == MaxAttempts)
            {
                return null;
            }

            entry.Users++;
            return entry;
        }
    }

    private void Release(ClientKey key, Entry entry)
    {
        lock (_lock)
        {
            if (--entry.Users == 0 && entry.Failures == 0)
            {
                _clients.Remove(key);
                entry.Slots.Dispose();
            }
        }
    }

    private void MakeRoom()
    {
        if (_clients.Count < MaxClients)
        {
            return;
        }

        // Those that failed longest ago, a quarter of all, so that this is not done for each. What is in use is bounded by connections.
        foreach (var (key, entry) in _clients.Where(client => client.Value.Users == 0).OrderBy(client => client.Value.LastFailure).Take(MaxClients / 4).ToList())
        {
            _clients.Remove(key);
            entry.Slots.Dispose();
        }
    }

    private sealed class Entry
    {
        private Dictionary<UInt128, int>? _failuresByName;

        public SemaphoreSlim Slots { get; } = new(FreeFailures);

        /// <summary>Attempts that are under way or wait.</summary>
        public int Users { get; set; }

        public int Failures { get; private set; }

        public long LastFailure { get; set; }

        public long LastTurn { get; set; }

        public void Fail(UInt128 name)
        {
            Failures++;
            _failuresByName ??= [];
            if (_failuresByName.TryGetValue(name, out var failures) || _failuresByName.Count < MaxNames)
            {
                _failuresByName[name] = failures + 1;
            }
        }

        public void Forget(UInt128 name)
        {
            if (_failuresByName is not null && _failuresByName.Remove(name, out var failures))
            {
                Failures -= failures;
            }
        }

        public void ForgetAll() => (Failures, _failuresByName) = (0, null);
    }
}
