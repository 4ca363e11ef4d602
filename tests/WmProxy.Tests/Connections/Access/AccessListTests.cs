using System.Linq;
using System.Net;
using WmProxy.Configuration;
using WmProxy.Connections.Access;

namespace WmProxy.Tests.Connections.Access;

public sealed class AccessListTests
{
    [Theory]
    [InlineData("", "10.0.0.0/8", "10.0.0.1", false)]
    [InlineData("", "10.0.0.0/8", "::ffff:10.0.0.1", false)]
    [InlineData("", "10.0.0.0/8", "11.0.0.1", true)]
    [InlineData("", "10.0.0.0/8", "::1", true)]
    [InlineData("", "10.0.0.0/8", null, true)]
    [InlineData("10.0.0.0/8", "", "10.0.0.1", true)]
    [InlineData("10.0.0.0/8", "", "::ffff:10.0.0.1", true)]
    [InlineData("10.0.0.0/8", "", "11.0.0.1", false)]
    [InlineData("10.0.0.0/8", "", "::1", false)]
    [InlineData("10.0.0.0/8", "", null, false)]
    [InlineData("10.0.0.0/8", "10.1.0.0/16", "10.1.0.1", false)]
    [InlineData("10.0.0.0/8", "10.1.0.0/16", "10.2.0.1", true)]
    [InlineData("10.1.0.0/16", "10.0.0.0/8", "10.1.0.1", false)]
    [InlineData("10.1.0.0/16", "10.0.0.0/8", "11.0.0.1", false)]
    public void IsAllowed_DenyWinsAndAllowIsTheOnlyWayIn(string allow, string deny, string? client, bool expected)
    {
        var list = AccessList.Compile(new AccessConfig { Allow = Parse(allow), Deny = Parse(deny) })!;
        Assert.Equal(expected, list.IsAllowed(client is null ? null : IPAddress.Parse(client)));
    }

    [Fact]
    public void Compile_NothingListed_IsNoList()
    {
        Assert.Null(AccessList.Compile(null));
        Assert.Null(AccessList.Compile(new AccessConfig()));
    }

    private static EquatableArray<IPNetwork> Parse(string networks) =>
        networks.Split(',', System.StringSplitOptions.RemoveEmptyEntries).Select(IPNetwork.Parse).ToEquatableArray();
}
