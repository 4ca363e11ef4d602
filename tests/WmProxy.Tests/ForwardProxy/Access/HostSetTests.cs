using System;
using System.Net;
using WmProxy.ForwardProxy.Access;

namespace WmProxy.Tests.ForwardProxy.Access;

public sealed class HostSetTests
{
    [Theory]
    [InlineData("a.example", "a.example", true)]
    [InlineData("a.example", "A.EXAMPLE", true)]
    [InlineData("a.example", "a.example.", true)]
    [InlineData("A.Example", "a.example", true)]
    [InlineData("a.example", "b.a.example", false)]
    [InlineData("a.example", "xa.example", false)]
    [InlineData("*.a.example", "b.a.example", true)]
    [InlineData("*.a.example", "c.b.a.example", true)]
    [InlineData("*.a.example", "a.example", false)]
    [InlineData("*.a.example", "xa.example", false)]
    [InlineData("münchen.example", "xn--mnchen-3ya.example", true)]
    [InlineData("xn--mnchen-3ya.example", "MÜNCHEN.example", true)]
    [InlineData("*.münchen.example", "a.xn--mnchen-3ya.example", true)]
    [InlineData("a.example", "*.a.example", false)]
    [InlineData("*.a.example", "*.a.example", false)]
    [InlineData("a.example", "a..example", false)]
    [InlineData("a.example", "", false)]
    public void ContainsName_Name_ComparesAsNamesAreCompared(string pattern, string host, bool expected) =>
        Assert.Equal(expected, new HostSet([pattern]).ContainsName(HostName.Normalize(host)));

    [Theory]
    [InlineData("10.0.0.0/8", "10.1.2.3", true)]
    [InlineData("10.0.0.0/8", "11.1.2.3", false)]
    [InlineData("10.0.0.1", "10.0.0.1", true)]
    [InlineData("2001:db8::/32", "2001:db8::1", true)]
    [InlineData("10.0.0.0/8", "::ffff:10.1.2.3", true)]
    [InlineData("10.0.0.0/8", "64:ff9b::10.1.2.3", true)]
    [InlineData("10.0.0.0/8", "2002:a01:203::1", true)]
    [InlineData("64:ff9b::/96", "64:ff9b::10.1.2.3", true)]
    [InlineData("::ffff:10.0.0.0/104", "10.1.2.3", true)]
    public void ContainsAddress_Address_ComparesWhereItLeads(string network, string address, bool expected) =>
        Assert.Equal(expected, new HostSet([network]).ContainsAddress(IPAddress.Parse(address)));

    [Theory]
    [InlineData("127.1")]
    [InlineData("2130706433")]
    [InlineData("0x7f.1")]
    public void Normalize_AddressInAnUnusualForm_IsNoName(string host) => Assert.Null(HostName.Normalize(host));

    [Fact]
    public void Constructor_NeitherNameNorNetwork_Throws() => Assert.Throws<ArgumentException>(() => new HostSet(["a b"]));
}
