using System.Collections.Generic;
using System.IO.Hashing;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Clusters;

/// <summary>
/// A list of destinations with their weights, in the form that the weighted policies calculate with. The one for a cluster's available
/// destinations is kept until that list is replaced, which YARP does whenever health or configuration change.
/// </summary>
internal sealed class WeightedDestinations
{
    private static readonly ConditionalWeakTable<ClusterState, StrongBox<WeightedDestinations?>> Cache = [];

    private readonly IReadOnlyList<DestinationState> _source;

    private WeightedDestinations(IReadOnlyList<DestinationState> source)
    {
        _source = source;
        var weighted = source.Select(destination => (Destination: destination, Weight: GetWeight(destination))).Where(item => item.Weight > 0).ToArray();
        if (weighted.Length == 0)
        {
            // All that is left has a weight of 0: better than nothing.
            weighted = source.Select(destination => (destination, DestinationWeight.Default)).ToArray();
        }

        Destinations = weighted.Select(item => item.Destination).ToArray();
        Weights = weighted.Select(item => item.Weight).ToArray();
        Seeds = Destinations.Select(GetSeed).ToArray();
        Turns = Destinations.Select(RoundRobinTurn.Of).ToArray();
        TotalWeight = Weights.Sum(static weight => (long)weight);
    }

    /// <summary>The destinations that get traffic.</summary>
    public DestinationState[] Destinations { get; }

    /// <summary>Their weights, each at least 1.</summary>
    public int[] Weights { get; }

    /// <summary>A number for each of them that is the same in every process.</summary>
    public long[] Seeds { get; }

    /// <summary>Their state in a weighted round robin.</summary>
    public RoundRobinTurn[] Turns { get; }

    public long TotalWeight { get; }

    public static WeightedDestinations Of(ClusterState cluster, IReadOnlyList<DestinationState> destinations)
    {
        var box = Cache.GetValue(cluster, static _ => new StrongBox<WeightedDestinations?>());
        var cached = box.Value;
        if (cached is not null && ReferenceEquals(cached._source, destinations))
        {
            return cached;
        }

        var weighted = new WeightedDestinations(destinations);
        if (ReferenceEquals(cluster.DestinationsState.AvailableDestinations, destinations))
        {
            // The weights may be read while a reload replaces the models, but the list that it makes afterwards is another one.
            box.Value = weighted;
        }

        return weighted;
    }

    private static int GetWeight(DestinationState destination) =>
        DestinationWeight.TryRead(destination.Model.Config, out var weight) ? weight : DestinationWeight.Default;

    // YARP's destination ids are equal whatever their case.
    private static long GetSeed(DestinationState destination) =>
        (long)XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(destination.DestinationId.ToLowerInvariant()));
}
