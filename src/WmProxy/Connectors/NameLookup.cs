using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections.Access;

namespace WmProxy.Connectors;

/// <summary>One lookup of a name: it waits for its turn, in the queue of everybody who asks for it, and is made once.</summary>
internal sealed class NameLookup
{
    private const int Waiting = 0;
    private const int Started = 1;
    private const int Abandoned = 2;

    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<ClientKey> _clients = [];
    private int _state;

    public NameLookup(ResolvedName name, long askedAt) => (Name, AskedAt) = (name, askedAt);

    public ResolvedName Name { get; }

    /// <summary>When it was asked for first.</summary>
    public long AskedAt { get; }

    /// <summary>Ends when the outcome is in <see cref="Name"/>.</summary>
    public Task Done => _done.Task;

    /// <summary>How many wait for it; under the lock of <see cref="Name"/>.</summary>
    public int Waiters { get; set; }

    /// <summary>Whether it waits in nobody's queue yet; under the lock of <see cref="Name"/>.</summary>
    public bool IsNew { get; set; } = true;

    /// <summary>Whether it still waits for its turn.</summary>
    public bool IsWaiting => Volatile.Read(ref _state) == Waiting;

    /// <summary>Notes that it goes into a client's queue; <see langword="false"/> where it is there already. Under the lock of <see cref="Name"/>.</summary>
    public bool TryAdd(ClientKey client) => _clients.Add(client);

    /// <summary>Takes that back, as the queue is full. Under the lock of <see cref="Name"/>.</summary>
    public void Remove(ClientKey client) => _clients.Remove(client);

    /// <summary>Takes the turn; <see langword="false"/> where another queue's turn came first, or nobody waits any more.</summary>
    public bool TryStart() => Interlocked.CompareExchange(ref _state, Started, Waiting) == Waiting;

    /// <summary>Gives it up before its turn.</summary>
    public bool TryAbandon() => Interlocked.CompareExchange(ref _state, Abandoned, Waiting) == Waiting;

    public void Complete() => _done.TrySetResult();
}
