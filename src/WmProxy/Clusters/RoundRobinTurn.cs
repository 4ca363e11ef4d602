using System.Runtime.CompilerServices;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Clusters;

/// <summary>How far a destination's turn has come in <see cref="WeightedRoundRobinPolicy"/>; it outlives lists and weights.</summary>
internal sealed class RoundRobinTurn
{
    private static readonly ConditionalWeakTable<DestinationState, RoundRobinTurn> Turns = [];

    /// <summary>Guarded by the lock of the cluster's rotation.</summary>
    public long Current { get; set; }

    public static RoundRobinTurn Of(DestinationState destination) => Turns.GetValue(destination, static _ => new RoundRobinTurn());
}
