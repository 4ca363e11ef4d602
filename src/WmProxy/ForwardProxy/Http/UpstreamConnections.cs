using System;
using System.Net;
using System.Threading;
using WmProxy.Connections.Access;

namespace WmProxy.ForwardProxy.Http;

/// <summary>
/// Counts the connections to destinations of HTTP, those that are kept for later requests among them, in all and by the client whose request opened them. Where
/// there are too many, further ones are used once: what is open then is bounded by the requests under way.
/// </summary>
internal sealed class UpstreamConnections
{
    private readonly ClientConnectionCounter _clients = new();
    private readonly int _limit;
    private readonly int _limitPerClient;
    private int _count;

    public UpstreamConnections()
        : this(DescriptorLimit.Read())
    {
    }

    internal UpstreamConnections(int descriptors)
    {
        // What is kept is a convenience; the rest of the descriptors is for what is carried.
        _limit = Math.Min(descriptors / 8, 16 * 1024);
        _limitPerClient = Math.Min(256, _limit / 2);
    }

    /// <summary>How many are open.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Whether one more that <paramref name="client"/> opens is used once, and not kept.</summary>
    public bool IsFull(IPAddress? client) => Count >= _limit || (client is not null && _clients.GetCount(client) >= _limitPerClient);

    /// <summary>Counts one more, until the result is disposed.</summary>
    public IDisposable Add(IPAddress? client)
    {
        Interlocked.Increment(ref _count);
        _clients.TryAcquire(client, limit: 0);
        return new Place(this, client);
    }

    private sealed class Place(UpstreamConnections connections, IPAddress? client) : IDisposable
    {
        private UpstreamConnections? _connections = connections;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _connections, null) is { } connections)
            {
                Interlocked.Decrement(ref connections._count);
                connections._clients.Release(client);
            }
        }
    }
}
