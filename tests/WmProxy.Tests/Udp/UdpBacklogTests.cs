using System.Collections.Generic;
using System.Linq;
using WmProxy.Udp;

namespace WmProxy.Tests.Udp;

public sealed class UdpBacklogTests
{
    [Fact]
    public void TryAdd_SixteenOfASession_AreKeptInOrder()
    {
        var backlog = new UdpBacklog();
        for (var i = 0; i < 16; i++)
        {
            Assert.True(backlog.TryAdd([(byte)i]));
        }

        Assert.False(backlog.TryAdd([16]));
        Assert.Equal(Enumerable.Range(0, 16), backlog.Datagrams.Select(datagram => (int)datagram[0]));
        backlog.Clear();
        Assert.Empty(backlog.Datagrams);
        Assert.True(backlog.TryAdd([]));
        backlog.Clear();
    }

    [Fact]
    public void TryAdd_AllSessions_KeepNoMoreThanTheBudget()
    {
        var backlogs = new List<UdpBacklog>();
        var datagram = new byte[65507];
        var bytes = 0L;
        var isFull = false;
        while (!isFull)
        {
            var backlog = new UdpBacklog();
            backlogs.Add(backlog);
            while (backlog.TryAdd(datagram))
            {
                bytes += datagram.Length;
            }

            isFull = backlog.Datagrams.Count < 16;
            Assert.True(bytes <= UdpBacklog.Budget);
        }

        Assert.InRange(bytes, UdpBacklog.Budget - (2 * 65507), UdpBacklog.Budget);
        Assert.False(new UdpBacklog().TryAdd(datagram));

        // What one gives back, another may take.
        backlogs[0].Clear();
        var next = new UdpBacklog();
        Assert.True(next.TryAdd(datagram));
        next.Clear();
        backlogs.ForEach(backlog => backlog.Clear());
        Assert.True(next.TryAdd(datagram, budget: 65507 + 64));
        next.Clear();
        Assert.False(next.TryAdd(datagram, budget: 65507));
    }
}
