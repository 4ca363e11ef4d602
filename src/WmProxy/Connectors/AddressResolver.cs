using System;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections.Access;

namespace WmProxy.Connectors;

/// <summary>
/// Resolves host names. Answers are kept for 5 s; while lookups fail or hang, the last answer goes on being used, so that a dead resolver does not stop
/// destinations that work. The system's resolver is asked, which knows <c>/etc/hosts</c> and whatever else the machine has, and which blocks: on threads
/// of its own, so many at a time (<see cref="LookupQueue"/>).
/// </summary>
internal sealed class AddressResolver
{
    private const int MaxConfiguredNames = 1024;
    private const int MaxNamesOfClients = 16384;

    private static readonly TimeSpan AnswerLifetime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ErrorLifetime = TimeSpan.FromSeconds(1);

    // How long a connection waits for a fresh answer although there is an old one.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    // Clients can fill theirs with any names; those of configured destinations stay known.
    private readonly NameCache _configured = new(MaxConfiguredNames);
    private readonly NameCache _ofClients = new(MaxNamesOfClients);
    private readonly LookupQueue _queue;
    private readonly TimeProvider _timeProvider;
    private readonly Func<string, Task<IPAddress[]>> _lookup;

    public AddressResolver(TimeProvider timeProvider)
        : this(timeProvider, LookupOnOwnThread)
    {
    }

    internal AddressResolver(TimeProvider timeProvider, Func<string, Task<IPAddress[]>> lookup)
    {
        _timeProvider = timeProvider;
        _lookup = lookup;
        _queue = new LookupQueue((lookup, lane) => _ = Task.Run(() => LookupAsync(lookup, lane), CancellationToken.None));
    }

    /// <summary>How many names are remembered.</summary>
    internal int Count => _configured.Count + _ofClients.Count;

    /// <summary>How many clients have lookups running or waiting.</summary>
    internal int ClientCount => _queue.ClientCount;

    /// <summary>
    /// Resolves the name of a configured destination. When that fails, <see cref="ResolvedName.Addresses"/> is the last good answer, or empty.
    /// </summary>
    /// <exception cref="OperationCanceledException">Only by <paramref name="cancellationToken"/>.</exception>
    public ValueTask<ResolvedName> ResolveAsync(string name, CancellationToken cancellationToken) => ResolveAsync(name, _configured, null, cancellationToken);

    /// <summary>Resolves a name that a client chose, on that client's account: others do not wait behind it.</summary>
    /// <param name="name">The name.</param>
    /// <param name="client">The client's address; <see langword="null"/> on a Unix domain socket, whose clients are one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OperationCanceledException">Only by <paramref name="cancellationToken"/>.</exception>
    public ValueTask<ResolvedName> ResolveForClientAsync(string name, IPAddress? client, CancellationToken cancellationToken) =>
        ResolveAsync(name, _ofClients, client is null ? default : ClientKey.Create(client), cancellationToken);

    /// <summary>Puts an address of a name that a client chose, and that answered, to the front.</summary>
    public void PreferForClients(string name, IPAddress address) => _ofClients.Find(name)?.Prefer(address);

    private static Task<IPAddress[]> LookupOnOwnThread(string name) =>
        // Not on the thread pool: a few names whose resolver hangs would starve everything else.
        Task.Factory.StartNew(
            static name => Dns.GetHostAddresses((string)name!),
            name,
            CancellationToken.None,
            TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
            TaskScheduler.Default);

    private ValueTask<ResolvedName> ResolveAsync(string name, NameCache cache, ClientKey? client, CancellationToken cancellationToken)
    {
        var now = _timeProvider.GetTimestamp();
        var entry = cache.GetOrAdd(name, now);
        return now < entry.ValidUntil ? new ValueTask<ResolvedName>(entry) : RefreshAsync(entry, client, cancellationToken);
    }

    private async ValueTask<ResolvedName> RefreshAsync(ResolvedName entry, ClientKey? client, CancellationToken cancellationToken)
    {
        NameLookup lookup;
        lock (entry)
        {
            var now = _timeProvider.GetTimestamp();
            if (now < entry.ValidUntil)
            {
                return entry;
            }

            lookup = entry.Lookup ??= new NameLookup(entry, now);
            if (lookup.IsWaiting && !TryEnqueue(lookup, client))
            {
                Abandon(lookup);
                return entry.Addresses.Length > 0 ? entry : ResolvedName.Failed(entry.Name, "too many names that the client asked for wait to be looked up");
            }

            lookup.Waiters++;
        }

        try
        {
            await WaitAsync(entry, lookup, cancellationToken);
            return entry;
        }
        finally
        {
            lock (entry)
            {
                lookup.Waiters--;
                Abandon(lookup);
            }
        }
    }

    /// <summary>Puts it into the queue of each client that asks for it, once: a name must not wait behind all that another client has asked for before.</summary>
    private bool TryEnqueue(NameLookup lookup, ClientKey? client)
    {
        var isNew = lookup.IsNew;
        lookup.IsNew = false;
        if (client is not { } key)
        {
            return !isNew || _queue.TryEnqueue(null, lookup);
        }

        if (!lookup.TryAdd(key) || _queue.TryEnqueue(key, lookup))
        {
            return true;
        }

        lookup.Remove(key);
        return false;
    }

    /// <summary>Gives a lookup up that nobody waits for and whose turn has not come. One that replaces an old answer is made all the same.</summary>
    private static void Abandon(NameLookup lookup)
    {
        if (lookup.Waiters == 0 && lookup.Name.Addresses.Length == 0 && lookup.TryAbandon())
        {
            lookup.Name.Lookup = null;
        }
    }

    private async ValueTask WaitAsync(ResolvedName entry, NameLookup lookup, CancellationToken cancellationToken)
    {
        var elapsed = _timeProvider.GetElapsedTime(lookup.AskedAt);
        if (entry.Addresses.Length == 0)
        {
            await lookup.Done.WaitAsync(cancellationToken);
        }
        else if (elapsed < Patience)
        {
            try
            {
                await lookup.Done.WaitAsync(Patience - elapsed, _timeProvider, cancellationToken);
            }
            catch (TimeoutException)
            {
                // The last answer it is.
            }
        }
    }

    private async Task LookupAsync(NameLookup lookup, LookupQueue.Lane lane)
    {
        var entry = lookup.Name;
        IPAddress[] addresses = [];
        string? error = null;
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

        lock (entry)
        {
            var lifetime = error is null || entry.Addresses.Length > 0 ? AnswerLifetime : ErrorLifetime;
            entry.Set(addresses, error, _timeProvider.GetTimestamp() + (long)(lifetime.TotalSeconds * _timeProvider.TimestampFrequency));
        }

        lookup.Complete();
        _queue.Finished(lane);
    }
}
