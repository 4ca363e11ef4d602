using System.Linq;
using System.Net;
using WmProxy.Connectors;
using WmProxy.Udp;

namespace WmProxy.Tests.Udp;

public sealed class UdpNameAddressesTests
{
    [Fact]
    public void MoveNext_EachAddressRefuses_IsFalseAfterTheLastAndGoesOnInACircle()
    {
        var addresses = Create(out _, "127.0.0.1", "127.0.0.2", "127.0.0.3");
        Assert.Equal(3, addresses.Count);
        Assert.Equal("127.0.0.1:53", addresses.Current.ToString());

        Assert.True(addresses.MoveNext());
        Assert.Equal("127.0.0.2:53", addresses.Current.ToString());
        Assert.True(addresses.MoveNext());
        Assert.Equal("127.0.0.3:53", addresses.Current.ToString());
        Assert.False(addresses.MoveNext());
        Assert.Equal("127.0.0.1:53", addresses.Current.ToString());
        Assert.True(addresses.MoveNext());
    }

    [Fact]
    public void MoveNext_OneAddress_IsFalse()
    {
        var addresses = Create(out _, "127.0.0.1");
        Assert.False(addresses.MoveNext());
        Assert.False(addresses.MoveNext());
        Assert.Equal("127.0.0.1:53", addresses.Current.ToString());
    }

    [Fact]
    public void Answered_TheSecond_ComesFirstForOthersAndAllAreTriedAgain()
    {
        var addresses = Create(out var name, "127.0.0.1", "127.0.0.2", "127.0.0.3");
        addresses.MoveNext();

        addresses.Answered();

        Assert.Equal(["127.0.0.2", "127.0.0.1", "127.0.0.3"], name.Addresses.Select(address => address.ToString()));
        Assert.Equal("127.0.0.2:53", addresses.Current.ToString());
        Assert.True(addresses.MoveNext());
        Assert.True(addresses.MoveNext());
        Assert.False(addresses.MoveNext());
    }

    private static UdpNameAddresses Create(out ResolvedName name, params string[] addresses)
    {
        name = new ResolvedName("name.example");
        lock (name)
        {
            name.Set([.. addresses.Select(IPAddress.Parse)], null, long.MaxValue);
        }

        return new UdpNameAddresses(name, 53);
    }
}
