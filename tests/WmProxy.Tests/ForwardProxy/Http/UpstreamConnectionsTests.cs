using System.Net;
using WmProxy.ForwardProxy.Http;

namespace WmProxy.Tests.ForwardProxy.Http;

public sealed class UpstreamConnectionsTests
{
    private static readonly IPAddress Client = IPAddress.Parse("2001:db8::1");

    [Theory]
    [InlineData(1024, 64)]
    [InlineData(1_000_000, 256)]
    public void IsFull_ManyOfOneClient_IsForThatClientOnly(int descriptors, int expected)
    {
        var connections = new UpstreamConnections(descriptors);
        for (var i = 0; i < expected; i++)
        {
            Assert.False(connections.IsFull(Client));
            connections.Add(Client);
        }

        Assert.True(connections.IsFull(IPAddress.Parse("2001:db8::2")));
        Assert.False(connections.IsFull(IPAddress.Parse("2001:db8:0:1::1")));
    }

    [Fact]
    public void IsFull_ManyOfAll_IsForEveryClient()
    {
        var connections = new UpstreamConnections(descriptors: 1024);
        for (var i = 0; i < 128; i++)
        {
            Assert.False(connections.IsFull(null));
            connections.Add(new IPAddress([10, 0, 0, (byte)i]));
        }

        Assert.True(connections.IsFull(null));
        Assert.True(connections.IsFull(Client));
    }

    [Fact]
    public void Dispose_MoreThanOnce_GivesOnePlaceBack()
    {
        var connections = new UpstreamConnections(descriptors: 1024);
        connections.Add(Client);
        var place = connections.Add(Client);
        place.Dispose();
        place.Dispose();

        Assert.Equal(1, connections.Count);
    }

    [Theory]
    [InlineData("Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files     \n", 1024)]
    [InlineData("Max open files            unlimited            unlimited            files\n", int.MaxValue)]
    [InlineData("", 8192)]
    public void DescriptorLimit_OfProc_IsTheSoftOne(string limits, int expected) => Assert.Equal(expected, DescriptorLimit.Parse(limits));
}
