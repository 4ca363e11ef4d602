using System.Runtime.CompilerServices;
using System.Threading;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Clusters;

/// <summary>
/// Counts the connections of a destination. YARP's own counter can only be set from outside, not incremented, so the count is kept here and
/// shown there, where LeastRequests and PowerOfTwoChoices look.
/// </summary>
internal sealed class DestinationConnections
{
    private static readonly ConditionalWeakTable<DestinationState, DestinationConnections> Table = [];

    private readonly Lock _lock = new();
    private readonly DestinationState _destination;
    private int _count;

    private DestinationConnections(DestinationState destination) => _destination = destination;

    public static DestinationConnections Of(DestinationState destination) =>
        Table.GetValue(destination, static destination => new DestinationConnections(destination));

    public int Count => Volatile.Read(ref _count);

    public void Add(int change)
    {
        lock (_lock)
        {
            // Inside the lock, so that a count never overwrites a later one.
            _destination.ConcurrentRequestCount = _count += change;
        }
    }
}
