using System.Net;
using WmProxy.Connections.Access;

namespace WmProxy.Tests.Connections.Access;

public sealed class ClientKeyTests
{
    [Theory]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("192.0.2.1", "::192.0.2.1", false)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:2::1", false)]
    [InlineData("fe80::1%2", "fe80::2%3", true)]
    [InlineData("0.0.0.0", "::", false)]
    public void Create_SameClient_SameKey(string first, string second, bool same) =>
        Assert.Equal(same, ClientKey.Create(IPAddress.Parse(first)) == ClientKey.Create(IPAddress.Parse(second)));

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64")]
    [InlineData("::1", "::/64")]
    public void ToString_IsTheAddressOrTheNetwork(string address, string expected) =>
        Assert.Equal(expected, ClientKey.Create(IPAddress.Parse(address)).ToString());
}
