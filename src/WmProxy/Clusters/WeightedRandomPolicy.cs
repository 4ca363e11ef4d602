using System.Collections.Generic;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;
using Yarp.ReverseProxy.Utilities;

namespace WmProxy.Clusters;

/// <summary>A random destination, in proportion to the weights.</summary>
internal sealed class WeightedRandomPolicy : ILoadBalancingPolicy
{
    private readonly IRandomFactory _randomFactory;

    public WeightedRandomPolicy(IRandomFactory randomFactory) => _randomFactory = randomFactory;

    public string Name => WmProxyLoadBalancingPolicies.WeightedRandom;

    public DestinationState? PickDestination(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations) =>
        availableDestinations.Count == 0 ? null : Pick(WeightedDestinations.Of(cluster, availableDestinations), _randomFactory);

    public static DestinationState Pick(WeightedDestinations weighted, IRandomFactory randomFactory)
    {
        var rest = randomFactory.CreateRandomInstance().NextInt64(weighted.TotalWeight);
        var index = 0;
        while (rest >= weighted.Weights[index])
        {
            rest -= weighted.Weights[index++];
        }

        return weighted.Destinations[index];
    }
}
