using System;
using System.Collections.Generic;
using System.Threading;
using WmProxy.Connections.Access;

namespace WmProxy.Connectors;

/// <summary>
/// Whose lookup is next. A lookup blocks a thread, for up to 30 s where a resolver is silent, so there are so many at a time and no more. Those of
/// configured destinations have places of their own; clients, who may ask for names that hang on purpose, take turns for the others, and none has more
/// than a few of them: while half of the places are taken, one.
/// </summary>
internal sealed class LookupQueue
{
    public const int MaxConfigured = 8;
    public const int MaxOfClients = 64;
    public const int MaxOfClient = 4;
    public const int MaxWaitingOfClient = 64;

    private readonly Action<NameLookup, Lane> _start;
    private readonly Lock _lock = new();
    private readonly Lane _configured = new(null);
    private readonly Dictionary<ClientKey, Lane> _lanes = [];

    // The lanes with something waiting, each once, in the order of their turns.
    private readonly Queue<Lane> _turns = new();
    private int _runningOfClients;

    /// <param name="start">Begins a lookup, at once and elsewhere; it ends with <see cref="Finished"/>.</param>
    public LookupQueue(Action<NameLookup, Lane> start) => _start = start;

    /// <summary>How many clients have lookups running or waiting.</summary>
    internal int ClientCount
    {
        get
        {
            lock (_lock)
            {
                return _lanes.Count;
            }
        }
    }

    /// <summary>Queues a lookup for a client, <see langword="null"/> for a configured destination; <see langword="false"/> if too many of the client's wait already.</summary>
    public bool TryEnqueue(ClientKey? client, NameLookup lookup)
    {
        var ready = new List<(NameLookup, Lane)>();
        lock (_lock)
        {
            var lane = client is { } key ? GetLane(key) : _configured;
            if (client is not null && lane.Waiting.Count >= MaxWaitingOfClient)
            {
                lane.DropStale();
                if (lane.Waiting.Count >= MaxWaitingOfClient)
                {
                    return false;
                }
            }

            lane.Waiting.Enqueue(lookup);
            if (client is not null && !lane.HasTurn)
            {
                lane.HasTurn = true;
                _turns.Enqueue(lane);
            }

            Collect(ready);
        }

        Start(ready);
        return true;
    }

    /// <summary>A lookup that was started has ended.</summary>
    public void Finished(Lane lane)
    {
        var ready = new List<(NameLookup, Lane)>();
        lock (_lock)
        {
            lane.Running--;
            if (lane.Client is not null)
            {
                _runningOfClients--;
            }

            Collect(ready);
            Forget(lane);
        }

        Start(ready);
    }

    private void Start(List<(NameLookup Lookup, Lane Lane)> ready)
    {
        foreach (var (lookup, lane) in ready)
        {
            _start(lookup, lane);
        }
    }

    private void Collect(List<(NameLookup, Lane)> ready)
    {
        while (_configured.Running < MaxConfigured && _configured.TryTake(out var lookup))
        {
            ready.Add((lookup!, _configured));
        }

        // One place for each lane in a round, until nobody can take one any more.
        var hasProgress = true;
        while (hasProgress)
        {
            hasProgress = false;
            for (var left = _turns.Count; left > 0 && _runningOfClients < MaxOfClients; left--)
            {
                var lane = _turns.Dequeue();
                var share = _runningOfClients < MaxOfClients / 2 ? MaxOfClient : 1;
                if (lane.Running < share && lane.TryTake(out var lookup))
                {
                    _runningOfClients++;
                    ready.Add((lookup!, lane));
                    hasProgress = true;
                }

                if (lane.Waiting.Count > 0)
                {
                    _turns.Enqueue(lane);
                }
                else
                {
                    lane.HasTurn = false;
                    Forget(lane);
                }
            }
        }
    }

    private Lane GetLane(ClientKey key)
    {
        if (!_lanes.TryGetValue(key, out var lane))
        {
            lane = new Lane(key);
            _lanes.Add(key, lane);
        }

        return lane;
    }

    private void Forget(Lane lane)
    {
        if (lane is { Client: { } key, Running: 0, HasTurn: false })
        {
            _lanes.Remove(key);
        }
    }

    /// <summary>One client's lookups, or those of configured destinations; under the queue's lock.</summary>
    internal sealed class Lane(ClientKey? client)
    {
        public ClientKey? Client { get; } = client;

        public Queue<NameLookup> Waiting { get; } = new();

        public int Running { get; set; }

        /// <summary>Whether it stands among those whose turn comes.</summary>
        public bool HasTurn { get; set; }

        /// <summary>Starts the first that still waits.</summary>
        public bool TryTake(out NameLookup? lookup)
        {
            while (Waiting.TryDequeue(out lookup))
            {
                if (lookup.TryStart())
                {
                    Running++;
                    return true;
                }
            }

            return false;
        }

        /// <summary>Leaves out what another client's turn has started, and what nobody waits for any more.</summary>
        public void DropStale()
        {
            for (var left = Waiting.Count; left > 0; left--)
            {
                var lookup = Waiting.Dequeue();
                if (lookup.IsWaiting)
                {
                    Waiting.Enqueue(lookup);
                }
            }
        }
    }
}
