using System;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections.Access;

namespace WmProxy.Tests.Connections.Access;

public sealed class ClientConnectionCounterTests
{
    private static readonly IPAddress Client = IPAddress.Parse("192.0.2.1");
    private readonly ClientConnectionCounter _counter = new();

    [Fact]
    public void TryAcquire_AtTheLimit_RefusesThatClientOnly()
    {
        Assert.True(_counter.TryAcquire(Client, 2));
        Assert.True(_counter.TryAcquire(IPAddress.Parse("::ffff:192.0.2.1"), 2));
        Assert.False(_counter.TryAcquire(Client, 2));
        Assert.True(_counter.TryAcquire(IPAddress.Parse("192.0.2.2"), 2));
        Assert.Equal(2, _counter.GetCount(Client));

        _counter.Release(Client);
        Assert.True(_counter.TryAcquire(Client, 2));
    }

    [Fact]
    public void TryAcquire_IPv6_CountsTheNetwork()
    {
        Assert.True(_counter.TryAcquire(IPAddress.Parse("2001:db8::1"), 1));
        Assert.False(_counter.TryAcquire(IPAddress.Parse("2001:db8::2"), 1));
        Assert.True(_counter.TryAcquire(IPAddress.Parse("2001:db8:0:1::1"), 1));
    }

    [Fact]
    public void TryAcquire_LimitLoweredByAReload_HoldsForNewConnections()
    {
        for (var i = 0; i < 3; i++)
        {
            Assert.True(_counter.TryAcquire(Client, 0));
        }

        Assert.False(_counter.TryAcquire(Client, 2));
        _counter.Release(Client);
        Assert.False(_counter.TryAcquire(Client, 2));
        _counter.Release(Client);
        Assert.True(_counter.TryAcquire(Client, 2));
    }

    [Fact]
    public void Release_LastConnection_ForgetsTheClient()
    {
        _counter.TryAcquire(Client, 0);
        _counter.TryAcquire(Client, 0);
        _counter.Release(Client);
        Assert.Equal(1, _counter.Clients);
        _counter.Release(Client);
        Assert.Equal(0, _counter.Clients);
        Assert.Equal(0, _counter.GetCount(Client));
    }

    [Fact]
    public void TryAcquire_NoAddress_IsNeverCounted()
    {
        Assert.True(_counter.TryAcquire(null, 1));
        Assert.True(_counter.TryAcquire(null, 1));
        _counter.Release(null);
        Assert.Equal(0, _counter.Clients);
    }

    [Fact]
    public async Task TryAcquire_ManyThreads_NeverExceedsTheLimit()
    {
        var live = 0;
        var most = 0;
        var acquired = 0;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                if (_counter.TryAcquire(Client, 2))
                {
                    var now = Interlocked.Increment(ref live);
                    InterlockedMax(ref most, now);
                    Interlocked.Increment(ref acquired);
                    Interlocked.Decrement(ref live);
                    _counter.Release(Client);
                }
            }
        }))).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.InRange(most, 1, 2);
        Assert.True(acquired > 0);
        Assert.Equal(0, _counter.Clients);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        var seen = Volatile.Read(ref target);
        while (value > seen)
        {
            var before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
