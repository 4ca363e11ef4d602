using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections.Access;

namespace WmProxy.Tests.Connections.Access;

public sealed class ConnectionLimitTests
{
    private readonly ConnectionLimit _limit = new();

    [Fact]
    public void TryAcquire_AtTheLimit_RefusesUntilOneIsReleased()
    {
        Assert.True(_limit.TryAcquire(1));
        Assert.False(_limit.TryAcquire(1));
        Assert.Equal(1, _limit.Count);
        _limit.Release();
        Assert.True(_limit.TryAcquire(1));
    }

    [Fact]
    public void TryAcquire_LimitChangedByReloads_HoldsForNewConnections()
    {
        for (var i = 0; i < 5; i++)
        {
            Assert.True(_limit.TryAcquire(0));
        }

        Assert.False(_limit.TryAcquire(3));
        Assert.True(_limit.TryAcquire(6));
        Assert.False(_limit.TryAcquire(6));
        Assert.Equal(6, _limit.Count);
    }

    [Fact]
    public async Task TryAcquire_ManyThreads_GrantsExactlyTheLimit()
    {
        var acquired = 0;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                Interlocked.Add(ref acquired, _limit.TryAcquire(1234) ? 1 : 0);
            }
        }))).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(1234, acquired);
        Assert.Equal(1234, _limit.Count);
    }
}
