using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.Net;

namespace WmProxy.Connections.Access;

/// <summary>
/// Counts the live connections of each client. It holds an entry only for clients that have some, so it is bounded by them. A client
/// without an address (a Unix domain socket) cannot be told from another and is neither counted nor refused.
/// </summary>
internal sealed class ClientConnectionCounter
{
    private readonly ConcurrentDictionary<ClientKey, int> _counts = new();

    /// <summary>How many clients have a connection.</summary>
    public int Clients => _counts.Count;

    /// <summary>
    /// Counts one more connection, unless its client has <paramref name="limit"/> of them already; 0 means no limit. A limit that a reload
    /// lowers ends no connection.
    /// </summary>
    /// <returns>Whether it was counted, and <see cref="Release"/> has to be called once.</returns>
    public bool TryAcquire(IPAddress? client, int limit)
    {
        if (client is null)
        {
            return true;
        }

        var key = ClientKey.Create(client);
        while (true)
        {
            if (!_counts.TryGetValue(key, out var count))
            {
                if (_counts.TryAdd(key, 1))
                {
                    return true;
                }
            }
            else if (limit > 0 && count >= limit)
            {
                return false;
            }
            else if (_counts.TryUpdate(key, count + 1, count))
            {
                return true;
            }
        }
    }

    /// <summary>Takes back a connection that was counted.</summary>
    public void Release(IPAddress? client)
    {
        if (client is null)
        {
            return;
        }

        var key = ClientKey.Create(client);
        while (_counts.TryGetValue(key, out var count))
        {
            if (count == 1 ? _counts.TryRemove(new(key, 1)) : _counts.TryUpdate(key, count - 1, count))
            {
                return;
            }
        }

        Debug.Fail("A connection was released that was not counted.");
    }

    /// <summary>How many connections <paramref name="client"/> has.</summary>
    public int GetCount(IPAddress client) => _counts.GetValueOrDefault(ClientKey.Create(client));
}
