using System.Diagnostics;
using System.Threading;

namespace WmProxy.Connections.Access;

/// <summary>
/// Counts live connections against a limit that each of them brings along, because reloads change it: a lowered one ends no connection
/// but refuses new ones until enough have ended.
/// </summary>
internal sealed class ConnectionLimit
{
    private int _count;

    /// <summary>How many connections are counted.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Counts one more connection, unless there are <paramref name="limit"/> already; 0 means no limit.</summary>
    /// <returns>Whether it was counted, and <see cref="Release"/> has to be called once.</returns>
    public bool TryAcquire(int limit)
    {
        var count = Volatile.Read(ref _count);
        while (limit <= 0 || count < limit)
        {
            var seen = Interlocked.CompareExchange(ref _count, count + 1, count);
            if (seen == count)
            {
                return true;
            }

            count = seen;
        }

        return false;
    }

    /// <summary>Takes back a connection that was counted.</summary>
    public void Release()
    {
        var count = Interlocked.Decrement(ref _count);
        Debug.Assert(count >= 0, "A connection was released that was not counted.");
    }
}
