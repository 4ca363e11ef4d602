using System;
using System.Linq;
using Microsoft.AspNetCore.Http;
using WmProxy.Clusters;
using Yarp.ReverseProxy.Utilities;

namespace WmProxy.Tests.Clusters;

public sealed class WeightedRandomPolicyTests
{
    private readonly WeightedRandomPolicy _policy = new(new SeededRandomFactory());

    [Fact]
    public void PickDestination_Weights_AreProbabilities()
    {
        var cluster = TestCluster.Create(TestCluster.Destination("a", "6"), TestCluster.Destination("z", "0"), TestCluster.Destination("b", "3"), TestCluster.Destination("c"));
        var available = cluster.DestinationsState.AvailableDestinations;
        var counts = Enumerable.Range(0, 10_000).Select(_ => _policy.PickDestination(new DefaultHttpContext(), cluster, available)!.DestinationId).CountBy(id => id).ToDictionary();
        Assert.InRange(counts["a"], 5800, 6200);
        Assert.InRange(counts["b"], 2800, 3200);
        Assert.InRange(counts["c"], 850, 1150);
        Assert.Equal(3, counts.Count);
    }

    [Fact]
    public void PickDestination_NoDestination_IsNull() => Assert.Null(_policy.PickDestination(new DefaultHttpContext(), TestCluster.Create(), []));

    private sealed class SeededRandomFactory : IRandomFactory
    {
        private readonly Random _random = new(1);

        public Random CreateRandomInstance() => _random;
    }
}
