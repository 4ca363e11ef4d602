using System.Net;
using WmProxy.Configuration;
using WmProxy.Connectors;
using WmProxy.ForwardProxy;
using WmProxy.ForwardProxy.Access;

namespace WmProxy.Tests.ForwardProxy.Access;

public sealed class ForwardRuleSetTests
{
    private const int Nothing = -2;
    private const int NeedsAddress = -3;

    // Written so that each condition can be told from the others.
    private static readonly ForwardRuleConfig[] Rules =
    [
        /* 0 */ new() { Action = ForwardRuleAction.Deny, Hosts = ["*.ads.example", "203.0.113.0/24"] },
        /* 1 */ new() { Action = ForwardRuleAction.Allow, Hosts = ["*.corp.example"], Ports = ["443", "8000-8999"], Users = ["alice"] },
        /* 2 */ new() { Action = ForwardRuleAction.Allow, Commands = [ForwardCommand.UdpAssociate], Ports = ["53"] },
        /* 3 */ new() { Action = ForwardRuleAction.Allow, Clients = [IPNetwork.Parse("10.0.0.0/8")], Hosts = ["intern.example", "192.168.0.0/16"] },
        /* 4 */ new() { Action = ForwardRuleAction.Deny, Users = ["mallory"] },
        /* 5 */ new() { Action = ForwardRuleAction.Allow, Users = ["alice", "bob"], Ports = ["80"] },
    ];

    [Theory]
    [InlineData("x.ads.example", "192.0.2.1", 80, "bob", 0)]
    [InlineData("ads.example", "192.0.2.1", 80, "bob", 5)]
    [InlineData("x.example", "203.0.113.9", 80, "bob", 0)]
    [InlineData(null, "203.0.113.9", 80, "bob", 0)]
    [InlineData(null, "64:ff9b::203.0.113.9", 80, "bob", 0)]
    [InlineData("x.example", null, 80, "bob", NeedsAddress)]
    [InlineData("x.ads.example", null, 80, "bob", 0)]
    [InlineData("a.corp.example", "192.0.2.1", 443, "alice", 1)]
    [InlineData("a.corp.example", "192.0.2.1", 8000, "alice", 1)]
    [InlineData("a.corp.example", "192.0.2.1", 8999, "ALICE", 1)]
    [InlineData("a.corp.example", "192.0.2.1", 9000, "alice", Nothing)]
    [InlineData("a.corp.example", "192.0.2.1", 7999, "alice", Nothing)]
    [InlineData("a.corp.example", "192.0.2.1", 443, "bob", Nothing)]
    [InlineData("a.corp.example", "192.0.2.1", 443, null, Nothing)]
    [InlineData("x.example", "192.0.2.1", 53, "bob", 2, ForwardCommand.UdpAssociate)]
    [InlineData("x.example", "192.0.2.1", 53, "bob", Nothing, ForwardCommand.Connect)]
    [InlineData("intern.example", "192.0.2.1", 443, "bob", 3, ForwardCommand.Connect, "10.1.1.1")]
    [InlineData("intern.example", "192.0.2.1", 443, "bob", Nothing, ForwardCommand.Connect, "11.1.1.1")]
    [InlineData("x.example", "192.168.7.7", 443, "bob", 3, ForwardCommand.Connect, "10.1.1.1")]
    [InlineData("x.example", "192.0.2.1", 80, "mallory", 4)]
    [InlineData("x.example", "192.0.2.1", 80, "alice", 5)]
    [InlineData("x.example", "192.0.2.1", 80, "carol", Nothing)]
    public void Find_Request_IsDecidedByTheFirstRuleThatMatches(
        string? name, string? address, int port, string? user, int expected, ForwardCommand command = ForwardCommand.Connect, string client = "198.51.100.1")
    {
        var rules = ForwardRuleSet.Compile(new ForwardProxyConfig { ProxyId = "p", Rules = [.. Rules] }, null, null, (_, _) => null);
        var ip = address is null ? null : IPAddress.Parse(address);
        var request = new ForwardRequest(command, new ForwardTarget(name ?? address!, name is null ? ip : null, port), user, IPAddress.Parse(client));

        var rule = rules.Find(request, name, ip, out var needsAddress);

        Assert.Equal(expected, needsAddress ? NeedsAddress : rule?.Index ?? Nothing);
    }

    [Fact]
    public void Find_NoRules_AllowsEverythingThroughTheProxysCluster()
    {
        var rules = ForwardRuleSet.Compile(new ForwardProxyConfig { ProxyId = "p", ClusterId = "parents" }, null, null, (_, _) => null);

        var rule = rules.Find(ForwardFixture.Request("x.example"), "x.example", null, out _);

        Assert.True(rule!.IsAllow);
        Assert.Equal("parents", rule.ClusterId);
        Assert.Equal("default", rule.Name);
    }

    [Fact]
    public void Compile_RuleWithoutCluster_TakesThatOfTheProxy()
    {
        var rules = ForwardRuleSet.Compile(
            new ForwardProxyConfig
            {
                ProxyId = "p",
                ClusterId = "parents",
                Rules = [new() { Action = ForwardRuleAction.Allow, Ports = ["80"], ClusterId = "others" }, new() { Action = ForwardRuleAction.Allow }],
            },
            null, null, (_, _) => null);

        Assert.Equal(["others", "parents"], System.Linq.Enumerable.Select(rules.Rules, rule => rule.ClusterId));
    }
}
