using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using WmProxy.Connections.Access;

namespace WmProxy.Tests.Connections.Access;

public sealed class NetworkSetTests
{
    [Theory]
    [InlineData("10.0.0.0/8", "10.0.0.0", true)]
    [InlineData("10.0.0.0/8", "10.255.255.255", true)]
    [InlineData("10.0.0.0/8", "9.255.255.255", false)]
    [InlineData("10.0.0.0/8", "11.0.0.0", false)]
    [InlineData("10.0.0.0/8", "::ffff:10.1.2.3", true)]
    [InlineData("10.0.0.0/8", "::10.1.2.3", false)]
    [InlineData("0.0.0.0/0", "255.255.255.255", true)]
    [InlineData("0.0.0.0/0", "::ffff:1.2.3.4", true)]
    [InlineData("0.0.0.0/0", "::1", false)]
    [InlineData("192.0.2.1/32", "192.0.2.1", true)]
    [InlineData("192.0.2.1/32", "192.0.2.2", false)]
    [InlineData("2001:db8::/32", "2001:db8:ffff::1", true)]
    [InlineData("2001:db8::/32", "2001:db9::", false)]
    [InlineData("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true)]
    [InlineData("::/0", "192.0.2.1", false)]
    [InlineData("::1/128", "::1", true)]
    [InlineData("::1/128", "::2", false)]
    [InlineData("fe80::/10", "fe80::1%3", true)]
    [InlineData("::ffff:10.0.0.0/104", "10.1.2.3", true)]
    [InlineData("::ffff:10.0.0.0/104", "::ffff:10.1.2.3", true)]
    [InlineData("::ffff:10.0.0.0/104", "11.0.0.0", false)]
    public void Contains_OneNetwork_ComparesItsBits(string network, string address, bool expected) =>
        Assert.Equal(expected, new NetworkSet([IPNetwork.Parse(network)]).Contains(IPAddress.Parse(address)));

    [Fact]
    public void Contains_NoAddressOrNoNetwork_IsFalse()
    {
        Assert.False(new NetworkSet([IPNetwork.Parse("0.0.0.0/0"), IPNetwork.Parse("::/0")]).Contains(null));
        Assert.False(new NetworkSet([]).Contains(IPAddress.Loopback));
        Assert.True(new NetworkSet([]).IsEmpty);
        Assert.False(new NetworkSet([IPNetwork.Parse("::/0")]).IsEmpty);
    }

    [Fact]
    public void Contains_ThousandsOfNestedNetworks_AgreesWithEachOfThem()
    {
        var random = new Random(1);
        var networks = new List<IPNetwork>();
        for (var i = 0; i < 3000; i++)
        {
            networks.Add(RandomNetwork(random, i % 2 == 0 ? 4 : 16));
        }

        var set = new NetworkSet(networks);
        var contained = 0;
        for (var i = 0; i < 4000; i++)
        {
            // Half of them anywhere, half within or beside a network.
            var bytes = new byte[i % 4 < 2 ? 4 : 16];
            random.NextBytes(bytes);
            if (i % 2 == 0)
            {
                bytes = networks[random.Next(networks.Count)].BaseAddress.GetAddressBytes();
                bytes[^1] ^= (byte)random.Next(2);
            }

            var address = new IPAddress(bytes);
            var expected = networks.Any(network => network.Contains(address));
            contained += expected ? 1 : 0;
            Assert.Equal(expected, set.Contains(address));
        }

        Assert.InRange(contained, 1000, 3999);
    }

    [Fact]
    public void Contains_AnyAddress_DoesNotAllocate()
    {
        var set = new NetworkSet([IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("2001:db8::/32")]);
        IPAddress[] addresses = [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("::ffff:10.0.0.1"), IPAddress.Parse("2001:db8::1")];
        var hits = 0;
        long before = 0;
        for (var i = 0; i < 2000; i++)
        {
            before = i == 1000 ? GC.GetAllocatedBytesForCurrentThread() : before;
            hits += set.Contains(addresses[i % 3]) ? 1 : 0;
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(2000, hits);
    }

    private static IPNetwork RandomNetwork(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        var prefix = random.Next(8, length * 8 + 1);
        for (var bit = prefix; bit < length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new IPNetwork(new IPAddress(bytes), prefix);
    }
}
