using System.Linq;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using WmProxy.Clusters;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Tests.Clusters;

public sealed class WeightedRoundRobinPolicyTests
{
    private static readonly HttpContext Context = new DefaultHttpContext();
    private readonly WeightedRoundRobinPolicy _policy = new();

    [Fact]
    public void PickDestination_Weights511_Interleaves()
    {
        var cluster = TestCluster.Create(TestCluster.Destination("a", "5"), TestCluster.Destination("b", "1"), TestCluster.Destination("c", "1"));
        Assert.Equal("aabacaaaabacaa", Pick(cluster, 14));
    }

    [Fact]
    public void PickDestination_NoWeights_TakesTurns() =>
        Assert.Equal("abcabc", Pick(TestCluster.Create(TestCluster.Destination("a"), TestCluster.Destination("b"), TestCluster.Destination("c")), 6));

    [Fact]
    public void PickDestination_WeightZero_GetsNothing() =>
        Assert.Equal("bbb", Pick(TestCluster.Create(TestCluster.Destination("a", "0"), TestCluster.Destination("b")), 3));

    [Fact]
    public void PickDestination_AllWeightsZero_AllGetTheSame() =>
        Assert.Equal("abab", Pick(TestCluster.Create(TestCluster.Destination("a", "0"), TestCluster.Destination("b", "0")), 4));

    [Fact]
    public void PickDestination_NoDestination_IsNull() => Assert.Null(_policy.PickDestination(Context, TestCluster.Create(), []));

    [Fact]
    public void PickDestination_ListReplaced_TakesNewWeights()
    {
        var cluster = TestCluster.Create(TestCluster.Destination("a", "1"), TestCluster.Destination("b", "1"));
        Pick(cluster, 10);
        TestCluster.SetAvailable(cluster, TestCluster.Destination("a", "3"), TestCluster.Destination("b", "1"));
        Assert.Equal(30, Pick(cluster, 40).Count(id => id == 'a'));
    }

    [Fact]
    public void PickDestination_OtherListThanTheClusters_PicksFromIt()
    {
        DestinationState[] all = [TestCluster.Destination("a", "5"), TestCluster.Destination("b", "1")];
        var cluster = TestCluster.Create(all);
        Pick(cluster, 1);
        Assert.Same(all[1], _policy.PickDestination(Context, cluster, [all[1]]));
        Assert.Contains('a', Pick(cluster, 3));
    }

    [Fact]
    public void PickDestination_OnTheUsualPath_DoesNotAllocate()
    {
        var cluster = TestCluster.Create(TestCluster.Destination("a", "5"), TestCluster.Destination("b", "1"));
        var available = cluster.DestinationsState.AvailableDestinations;
        for (var i = 0; i < 100; i++)
        {
            _policy.PickDestination(Context, cluster, available);
        }

        var before = System.GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            _policy.PickDestination(Context, cluster, available);
        }

        // The tiering JIT may allocate a little on this thread; a pick that allocates would cost 24,000 bytes at least.
        Assert.InRange(System.GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096);
    }

    [Fact]
    public async Task PickDestination_Concurrently_KeepsExactShares()
    {
        DestinationState[] all = [TestCluster.Destination("a", "3"), TestCluster.Destination("b", "2"), TestCluster.Destination("c", "1")];
        var cluster = TestCluster.Create(all);
        var picks = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => Pick(cluster, 1000))));
        var joined = string.Concat(picks);
        Assert.Equal(3000, joined.Count(id => id == 'a'));
        Assert.Equal(2000, joined.Count(id => id == 'b'));
        Assert.Equal(1000, joined.Count(id => id == 'c'));
    }

    private string Pick(ClusterState cluster, int count)
    {
        var available = cluster.DestinationsState.AvailableDestinations;
        return string.Concat(Enumerable.Range(0, count).Select(_ => _policy.PickDestination(Context, cluster, available)!.DestinationId));
    }
}
