using System;
using System.Collections.Concurrent;
using System.Net;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Connectors;

/// <summary>
/// Resolves host names for connectors. Answers are kept for 5 s; while lookups fail or hang, the last answer goes on being used, so that a
/// dead resolver does not stop destinations that work.
/// </summary>
internal class AddressResolver
{
    private const int DefaultMaxNames = 1024;

    // getaddrinfo blocks, for up to 30 s where the resolver is dead, and cannot be cancelled.
    private const int DefaultMaxLookups = 8;

    private static readonly TimeSpan AnswerLifetime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ErrorLifetime = TimeSpan.FromSeconds(1);

    // How long a connection waits for a fresh answer although there is an old one.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<string, ResolvedName> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly SemaphoreSlim _slots;
    private readonly int _maxNames;
    private readonly TimeProvider _timeProvider;
    private readonly Func<string, Task<IPAddress[]>> _lookup;

    public AddressResolver(TimeProvider timeProvider)
        : this(timeProvider, LookupOnOwnThread)
    {
    }

    internal AddressResolver(
        TimeProvider timeProvider, Func<string, Task<IPAddress[]>> lookup, int maxNames = DefaultMaxNames, int maxLookups = DefaultMaxLookups)
    {
        _maxNames = maxNames;
        _slots = new SemaphoreSlim(maxLookups);
        _timeProvider = timeProvider;
        _lookup = lookup;
    }

    /// <summary>How many names are remembered.</summary>
    internal int Count => _names.Count;

    /// <summary>
    /// Resolves <paramref name="name"/>. When that fails, <see cref="ResolvedName.Addresses"/> is the last good answer, or empty.
    /// </summary>
    /// <exception cref="OperationCanceledException">Only by <paramref name="cancellationToken"/>.</exception>
    public ValueTask<ResolvedName> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        if (!_names.TryGetValue(name, out var entry))
        {
            MakeRoom();
            entry = _names.GetOrAdd(name, static name => new ResolvedName(name));
        }

        return _timeProvider.GetTimestamp() < entry.ValidUntil
            ? new ValueTask<ResolvedName>(entry)
            : RefreshAsync(entry, cancellationToken);
    }

    /// <summary>Puts an address of <paramref name="name"/> that answered to the front.</summary>
    public void Prefer(string name, IPAddress address)
    {
        if (_names.TryGetValue(name, out var entry))
        {
            entry.Prefer(address);
        }
    }

    protected static Task<IPAddress[]> LookupOnOwnThread(string name) =>
        // Not on the thread pool: a few names whose resolver hangs would starve everything else.
        Task.Factory.StartNew(
            static name => Dns.GetHostAddresses((string)name!),
            name,
            CancellationToken.None,
            TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
            TaskScheduler.Default);

    private async ValueTask<ResolvedName> RefreshAsync(ResolvedName entry, CancellationToken cancellationToken)
    {
        Task lookup;
        TimeSpan elapsed;
        lock (entry)
        {
            var now = _timeProvider.GetTimestamp();
            if (now < entry.ValidUntil)
            {
                return entry;
            }

            if (entry.Lookup is null)
            {
                entry.LookupStarted = now;
                entry.Lookup = Task.Run(() => LookupAsync(entry), CancellationToken.None);
            }

            lookup = entry.Lookup;
            elapsed = _timeProvider.GetElapsedTime(entry.LookupStarted, now);
        }

        if (entry.Addresses.Length == 0)
        {
            await lookup.WaitAsync(cancellationToken);
        }
        else if (elapsed < Patience)
        {
            try
            {
                await lookup.WaitAsync(Patience - elapsed, _timeProvider, cancellationToken);
            }
            catch (TimeoutException)
            {
                // The last answer it is.
            }
        }

        return entry;
    }

    private async Task LookupAsync(ResolvedName entry)
    {
        IPAddress[] addresses = [];
        string? error = null;
        await _slots.WaitAsync();
        try
        {
            addresses = await _lookup(entry.Name);
            error = addresses.Length == 0 ? "the name has no address" : null;
        }
        catch (Exception ex)
        {
            // Whatever it is: an entry whose lookup never ends well must not keep the fault for ever.
            error = ex.Message;
        }
        finally
        {
            _slots.Release();
        }

        lock (entry)
        {
            var lifetime = error is null || entry.Addresses.Length > 0 ? AnswerLifetime : ErrorLifetime;
            entry.Set(addresses, error, _timeProvider.GetTimestamp() + (long)(lifetime.TotalSeconds * _timeProvider.TimestampFrequency));
        }
    }

    private void MakeRoom()
    {
        if (_names.Count < _maxNames)
        {
            return;
        }

        var now = _timeProvider.GetTimestamp();
        foreach (var (name, entry) in _names)
        {
            if (entry.ValidUntil < now && entry.Lookup is null)
            {
                _names.TryRemove(name, out _);
            }
        }

        foreach (var (name, _) in _names)
        {
            if (_names.Count < _maxNames)
            {
                break;
            }

            _names.TryRemove(name, out _);
        }
    }
}
