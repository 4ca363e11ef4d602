using System.Linq;
using System.Threading.Tasks;
using WmProxy.Clusters;

namespace WmProxy.Tests.Clusters;

public sealed class DestinationLeaseTests
{
    [Fact]
    public async Task Dispose_ManyTimesFromManyThreads_GivesTheCountBackOnce()
    {
        var destination = TestCluster.Destination("a");
        var cluster = TestCluster.Create(destination);
        using var lasting = new DestinationLease(cluster, destination);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 2000; i++)
            {
                using var lease = new DestinationLease(cluster, destination);
                Assert.InRange(destination.ConcurrentRequestCount, 1, 9);
                lease.Dispose();
            }
        })));
        Assert.Equal(1, destination.ConcurrentRequestCount);
        Assert.Equal(1, DestinationConnections.Of(destination).Count);

        var shared = new DestinationLease(cluster, destination);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(shared.Dispose)));
        Assert.Equal(1, destination.ConcurrentRequestCount);
    }
}
