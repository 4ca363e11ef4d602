using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.ForwardProxy;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.ForwardProxy.Access;

public sealed class ForwardJudgeTests
{
    private static readonly ForwardRuleConfig AllowAll = new() { Action = ForwardRuleAction.Allow };

    private readonly ForwardFixture _fixture = new();

    [Fact]
    public async Task Judge_Name_GivesTheAddressesThatItResolvesTo()
    {
        _fixture.AddName("a.example", "192.0.2.1", "2001:db8::1");

        var verdict = await JudgeAsync(_fixture.Proxy(), "A.example.");

        Assert.True(verdict.IsAllowed);
        Assert.Equal(["192.0.2.1", "2001:db8::1"], verdict.Addresses.Select(address => address.ToString()).Order());
        Assert.Equal(["a.example"], _fixture.Lookups);
    }

    [Fact]
    public async Task Judge_NameThatDoesNotResolve_IsRefusedForThat() =>
        Assert.Equal(ForwardRefusal.NameNotResolved, (await JudgeAsync(_fixture.Proxy(), "nowhere.example")).Refusal);

    [Theory]
    [InlineData("denied.example")]
    [InlineData("other.example")]
    public async Task Judge_RulesDecideByTheName_NothingIsResolved(string host)
    {
        var proxy = _fixture.Proxy(
            new ForwardRuleConfig { Action = ForwardRuleAction.Deny, Hosts = ["denied.example"] },
            new ForwardRuleConfig { Action = ForwardRuleAction.Allow, Hosts = ["allowed.example"] });

        Assert.Equal(ForwardRefusal.RuleDenied, (await JudgeAsync(proxy, host)).Refusal);
        Assert.Empty(_fixture.Lookups);
    }

    [Fact]
    public async Task Judge_RuleWithNetworksBehindTheOneThatDecides_ResolvesForNothing()
    {
        var proxy = _fixture.Proxy(
            new ForwardRuleConfig { Action = ForwardRuleAction.Allow, Hosts = ["a.example"], ClusterId = "parents" },
            new ForwardRuleConfig { Action = ForwardRuleAction.Deny, Hosts = ["203.0.113.0/24"] });

        Assert.Equal("parents", (await JudgeAsync(proxy, "a.example")).ClusterId);
        Assert.Empty(_fixture.Lookups);
    }

    [Fact]
    public async Task Judge_OneOfTheAddressesDenied_GivesTheOthers()
    {
        _fixture.AddName("a.example", "203.0.113.1", "192.0.2.1", "203.0.113.2");
        var proxy = _fixture.Proxy(new ForwardRuleConfig { Action = ForwardRuleAction.Deny, Hosts = ["203.0.113.0/24"] }, AllowAll);

        var verdict = await JudgeAsync(proxy, "a.example");

        Assert.True(verdict.IsAllowed);
        Assert.Equal("192.0.2.1", Assert.Single(verdict.Addresses).ToString());
        Assert.Equal(1, verdict.Rule.Index);
    }

    [Fact]
    public async Task Judge_AllOfTheAddressesDenied_IsRefused()
    {
        _fixture.AddName("a.example", "203.0.113.1", "::ffff:203.0.113.2", "64:ff9b::203.0.113.3");
        var proxy = _fixture.Proxy(new ForwardRuleConfig { Action = ForwardRuleAction.Deny, Hosts = ["203.0.113.0/24"] }, AllowAll);

        Assert.Equal(ForwardRefusal.RuleDenied, (await JudgeAsync(proxy, "a.example")).Refusal);
    }

    [Fact]
    public async Task Judge_AddressesOfTwoRules_GivesThoseOfTheFirst()
    {
        _fixture.AddName("a.example", "192.0.2.1", "198.51.100.7", "192.0.2.2");
        var proxy = _fixture.Proxy(new ForwardRuleConfig { Action = ForwardRuleAction.Allow, Hosts = ["192.0.2.0/24"] }, AllowAll);

        var verdict = await JudgeAsync(proxy, "a.example");

        Assert.Equal(["192.0.2.1", "192.0.2.2"], verdict.Addresses.Select(address => address.ToString()));
        Assert.Equal(0, verdict.Rule!.Index);
    }

    [Fact]
    public async Task Judge_ParentForANameThatARuleJudgesByAddress_IsToUseWhatWasJudged()
    {
        _fixture.AddName("a.example", "203.0.113.1", "192.0.2.1");
        var proxy = _fixture.Proxy(
            new ForwardRuleConfig { Action = ForwardRuleAction.Deny, Hosts = ["203.0.113.0/24"] },
            new ForwardRuleConfig { Action = ForwardRuleAction.Allow, ClusterId = "parents" });

        var verdict = await JudgeAsync(proxy, "a.example");

        Assert.Equal("parents", verdict.ClusterId);
        Assert.Equal(["192.0.2.1"], verdict.Addresses.Select(address => address.ToString()));
    }

    [Theory]
    [InlineData("x-.denied.example")]
    [InlineData("a.-b.denied.example")]
    [InlineData("-.denied.example")]
    [InlineData("x-.localhost")]
    public async Task Judge_NameThatNoRuleCanName_IsRefusedAndNotLookedUp(string host)
    {
        _fixture.AddName(host, "192.0.2.1");
        var deny = new ForwardRuleConfig { Action = ForwardRuleAction.Deny, Hosts = ["*.denied.example"] };

        Assert.Equal(ForwardRefusal.RuleDenied, (await JudgeAsync(_fixture.Proxy(deny, AllowAll), host)).Refusal);
        Assert.Equal(ForwardRefusal.RuleDenied, (await JudgeAsync(_fixture.Proxy(deny, AllowAll with { ClusterId = "parents" }), host)).Refusal);
        Assert.Empty(_fixture.Lookups);
    }

    [Fact]
    public async Task Judge_NameWithHundredsOfAddresses_GivesAFewOfEachFamily()
    {
        _fixture.AddName("a.example", [.. Enumerable.Range(0, 300).Select(i => i < 150 ? $"2001:db8::{i:x}" : $"198.51.100.{i - 150}")]);

        var verdict = await JudgeAsync(_fixture.Proxy(), "a.example");

        Assert.Equal([4, 4], verdict.Addresses.GroupBy(address => address.AddressFamily).Select(family => family.Count()));
    }

    [Theory]
    [InlineData("127.0.0.1", 443, nameof(ForwardRefusal.GuardDenied))]
    [InlineData("169.254.169.254", 80, nameof(ForwardRefusal.GuardDenied))]
    [InlineData("192.0.2.1", 25, nameof(ForwardRefusal.GuardDenied))]
    [InlineData("192.0.2.99", 5000, nameof(ForwardRefusal.GuardDenied))]
    [InlineData("192.0.2.99", 8090, nameof(ForwardRefusal.Loop))]
    [InlineData("127.0.0.1", 8090, nameof(ForwardRefusal.Loop))]
    [InlineData("192.0.2.99", 5001, nameof(ForwardRefusal.None))]
    public async Task Judge_GuardedDestination_IsRefusedAsAnAddressAndByItsName(string address, int port, string expected)
    {
        _fixture.Listen("tcp://*:5000");
        _fixture.Listen("tcp://*:8090", "p");
        _fixture.AddName("a.example", address);

        Assert.Equal(expected, (await JudgeAsync(_fixture.Proxy(), address, port)).Refusal.ToString());
        Assert.Equal(expected, (await JudgeAsync(_fixture.Proxy(), "a.example", port)).Refusal.ToString());
    }

    [Fact]
    public async Task Judge_NameWithAGuardedAddressAmongOthers_GivesTheOthers()
    {
        _fixture.AddName("a.example", "127.0.0.1", "192.0.2.1", "::1");

        Assert.Equal("192.0.2.1", Assert.Single((await JudgeAsync(_fixture.Proxy(), "a.example")).Addresses).ToString());
    }

    [Fact]
    public async Task Judge_LocalDestinationsAllowed_RefusesTheLoopOnly()
    {
        _fixture.Listen("tcp://*:8090", "p");
        _fixture.Listen("tcp://*:5000");
        var proxy = _fixture.Compile(new ForwardProxyConfig { ProxyId = "p" }, guards: false);

        Assert.Equal(ForwardRefusal.None, (await JudgeAsync(proxy, "127.0.0.1", 25)).Refusal);
        Assert.Equal(ForwardRefusal.None, (await JudgeAsync(proxy, "127.0.0.1", 5000)).Refusal);
        Assert.Equal(ForwardRefusal.Loop, (await JudgeAsync(proxy, "127.0.0.1", 8090)).Refusal);
    }

    [Fact]
    public async Task Judge_ReportOnly_RefusesTheLoopOnly()
    {
        _fixture.Listen("tcp://*:8090", "p");
        var proxy = _fixture.Compile(new ForwardProxyConfig { ProxyId = "p", Guard = EgressGuardMode.ReportOnly });

        Assert.Equal(ForwardRefusal.None, (await JudgeAsync(proxy, "127.0.0.1", 25)).Refusal);
        Assert.Equal(ForwardRefusal.Loop, (await JudgeAsync(proxy, "127.0.0.1", 8090)).Refusal);
    }

    [Theory]
    [InlineData("25", nameof(ForwardRefusal.None))]
    [InlineData("1-1000", nameof(ForwardRefusal.None))]
    [InlineData(null, nameof(ForwardRefusal.GuardDenied))]
    public async Task Judge_MailPort_NeedsARuleThatNamesPorts(string? ports, string expected)
    {
        var proxy = _fixture.Proxy(new ForwardRuleConfig { Action = ForwardRuleAction.Allow, Ports = ports is null ? [] : [ports] });

        Assert.Equal(expected, (await JudgeAsync(proxy, "192.0.2.1", 25)).Refusal.ToString());
    }

    [Theory]
    [InlineData("a.example", nameof(ForwardRefusal.None))]
    [InlineData("localhost", nameof(ForwardRefusal.GuardDenied))]
    [InlineData("a.LOCALHOST", nameof(ForwardRefusal.GuardDenied))]
    [InlineData("127.0.0.1", nameof(ForwardRefusal.GuardDenied))]
    [InlineData("192.0.2.1", nameof(ForwardRefusal.None))]
    public async Task Judge_ThroughAParent_ResolvesNothingAndGuardsWhatIsKnown(string host, string expected)
    {
        var verdict = await JudgeAsync(_fixture.Proxy(new ForwardRuleConfig { Action = ForwardRuleAction.Allow, ClusterId = "parents" }), host);

        Assert.Equal(expected, verdict.Refusal.ToString());
        Assert.Empty(verdict.Addresses);
        Assert.Empty(_fixture.Lookups);
    }

    private async Task<ForwardVerdict> JudgeAsync(ForwardProxyModel proxy, string host, int port = 443) =>
        await _fixture.Judge.JudgeAsync(proxy, ForwardFixture.Request(host, port), CancellationToken.None).AsTask().Within();
}
