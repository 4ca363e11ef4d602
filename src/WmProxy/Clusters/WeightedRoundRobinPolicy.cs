using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Clusters;

/// <summary>
/// Smooth weighted round robin: each destination's turn grows by its weight, the largest is chosen and gives the total back. Weights 5, 1, 1
/// give a a b a c a a rather than a a a a a b c.
/// </summary>
internal sealed class WeightedRoundRobinPolicy : ILoadBalancingPolicy
{
    private readonly ConditionalWeakTable<ClusterState, Lock> _rotations = [];

    public string Name => WmProxyLoadBalancingPolicies.WeightedRoundRobin;

    public DestinationState? PickDestination(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations)
    {
        if (availableDestinations.Count == 0)
        {
            return null;
        }

        var weighted = WeightedDestinations.Of(cluster, availableDestinations);
        var best = 0;
        lock (_rotations.GetValue(cluster, static _ => new Lock()))
        {
            for (var i = 0; i < weighted.Turns.Length; i++)
            {
                weighted.Turns[i].Current += weighted.Weights[i];
                if (weighted.Turns[i].Current > weighted.Turns[best].Current)
                {
                    best = i;
                }
            }

            weighted.Turns[best].Current -= weighted.TotalWeight;
        }

        return weighted.Destinations[best];
    }
}
