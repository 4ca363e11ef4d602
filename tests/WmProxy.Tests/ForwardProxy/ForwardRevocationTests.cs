using System.Net;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.ForwardProxy;
using WmProxy.Tests.Common;
using WmProxy.Tests.ForwardProxy.Users;

namespace WmProxy.Tests.ForwardProxy;

public sealed class ForwardRevocationTests
{
    private static readonly ForwardRuleConfig AllowAll = new() { Action = ForwardRuleAction.Allow };

    private readonly ForwardFixture _fixture = new();
    private int _revoked;

    [Theory]
    [InlineData("alice", "clear", false)]
    [InlineData("alice", "other", true)]
    [InlineData("bob", "clear", true)]
    public void Review_UserGoneOrWithAnotherPassword_IsRevoked(string name, string password, bool expected)
    {
        var before = Compile(Config(users: ("alice", "clear", null)));
        using var live = before.Track(ForwardFixture.Request("192.0.2.1", user: "alice"), IPAddress.Parse("192.0.2.1"), Revoke);

        Reload(before, Config(users: (name, password, null)));

        Assert.Equal(expected ? 1 : 0, _revoked);
    }

    [Fact]
    public void Review_UsersWhereThereWereNone_RevokesWhoeverIsNobody()
    {
        var before = Compile(Config());
        using var live = before.Track(ForwardFixture.Request("192.0.2.1"), IPAddress.Parse("192.0.2.1"), Revoke);

        Reload(before, Config(users: ("alice", "clear", null)));

        Assert.Equal(1, _revoked);
    }

    [Fact]
    public void Review_NoUsersAnyMore_RevokesNobody()
    {
        var before = Compile(Config(users: ("alice", "clear", null)));
        using var live = before.Track(ForwardFixture.Request("192.0.2.1", user: "alice"), IPAddress.Parse("192.0.2.1"), Revoke);

        Reload(before, Config());

        Assert.Equal(0, _revoked);
    }

    [Theory]
    [InlineData("a.example", "a.example", true)]
    [InlineData("a.example", "b.example", false)]
    [InlineData("a.example", "203.0.113.0/24", true)]
    [InlineData("a.example", "192.0.2.0/24", false)]
    [InlineData("203.0.113.1", "203.0.113.0/24", true)]
    public void Review_RuleThatDenies_RevokesWhatWasDialled(string host, string denied, bool expected)
    {
        var before = Compile(Config());
        using var live = before.Track(ForwardFixture.Request(host), IPAddress.Parse("203.0.113.1"), Revoke);

        Reload(before, Config(rules: [new() { Action = ForwardRuleAction.Deny, Hosts = [denied] }, AllowAll]));

        Assert.Equal(expected ? 1 : 0, _revoked);
        Assert.Empty(_fixture.Lookups);
    }

    [Fact]
    public async Task Review_RuleWithNetworksForWhatAParentResolved_ResolvesIt()
    {
        _fixture.AddName("a.example", "203.0.113.1");
        var before = Compile(Config());
        using var live = before.Track(ForwardFixture.Request("a.example"), null, Revoke);

        Reload(before, Config(rules: [new() { Action = ForwardRuleAction.Deny, Hosts = ["203.0.113.0/24"] }, AllowAll]));

        await Deadline.PollAsync(() => Task.FromResult(System.Threading.Volatile.Read(ref _revoked) == 1));
    }

    [Theory]
    [InlineData("203.0.113.0/24", 1)]
    [InlineData("198.51.100.0/24", 1)]
    [InlineData("192.0.2.0/24", 0)]
    public void Review_OneOfTheAddressesIsDeniedAndNobodyKnowsWhichWasDialled_IsRevoked(string denied, int expected)
    {
        var before = Compile(Config());
        using var live = before.TrackAny(ForwardFixture.Request("a.example"), [IPAddress.Parse("203.0.113.1"), IPAddress.Parse("198.51.100.1")], Revoke);

        Reload(before, Config(rules: [new() { Action = ForwardRuleAction.Deny, Hosts = [denied] }, AllowAll]));

        Assert.Equal(expected, _revoked);
    }

    [Fact]
    public async Task Review_VeryManyNamesOfOneClient_AreResolvedAFewAtATime()
    {
        const int Count = 200;
        var gate = new TaskCompletionSource();
        _fixture.LookupGate = gate.Task;
        var before = Compile(Config());
        for (var i = 0; i < Count; i++)
        {
            _fixture.AddName($"{i}.example", "203.0.113.1");
            before.Track(ForwardFixture.Request($"{i}.example"), null, Revoke);
        }

        Reload(before, Config(rules: [new() { Action = ForwardRuleAction.Deny, Hosts = ["203.0.113.0/24"] }, AllowAll]));
        gate.SetResult();

        await Deadline.PollAsync(() => Task.FromResult(System.Threading.Volatile.Read(ref _revoked) == Count));
    }

    [Fact]
    public void Review_EndedRequest_IsLeftAlone()
    {
        var before = Compile(Config());
        before.Track(ForwardFixture.Request("192.0.2.1"), null, Revoke).Dispose();

        Reload(before, Config(rules: [new() { Action = ForwardRuleAction.Deny }]));

        Assert.Equal(0, _revoked);
        Assert.Equal(0, before.State.LiveRequests.Count);
    }

    [Fact]
    public void Review_Association_IsJudgedByItsUserOnly()
    {
        var before = Compile(Config(users: ("alice", "clear", null)));
        using var live = before.Track(new ForwardRequest(ForwardCommand.UdpAssociate, default, "alice", IPAddress.Loopback), null, Revoke);

        var denied = Reload(before, Config(rules: [new() { Action = ForwardRuleAction.Deny }], users: ("alice", "clear", null)));
        Assert.Equal(0, _revoked);
        Reload(denied, Config(users: ("bob", "clear", null)));

        Assert.Equal(1, _revoked);
        Assert.Equal(
            (Microsoft.Extensions.Logging.LogLevel.Information, "Forward proxy 'p' ends an association of alice: its user is not known any more, or has another password"),
            Assert.Single(_fixture.RevocationLog.Entries));
    }

    [Fact]
    public void Track_AfterAReloadThatTheVerdictDidNotSee_IsRevokedAtOnce()
    {
        var before = Compile(Config());
        Reload(before, Config(rules: [new() { Action = ForwardRuleAction.Deny }]));

        using var live = before.Track(ForwardFixture.Request("192.0.2.1"), IPAddress.Parse("192.0.2.1"), Revoke);

        Assert.Equal(1, _revoked);
    }

    [Fact]
    public void Review_OneThatThrows_DoesNotSpareTheNext()
    {
        var before = Compile(Config());
        using var first = before.Track(ForwardFixture.Request("192.0.2.1"), null, () => throw new System.InvalidOperationException());
        using var second = before.Track(ForwardFixture.Request("192.0.2.1"), null, Revoke);

        Reload(before, Config(rules: [new() { Action = ForwardRuleAction.Deny }]));

        Assert.Equal(1, _revoked);
    }

    private static ForwardProxyConfig Config(ForwardRuleConfig[]? rules = null, params (string Name, string? Password, string? Hash)[] users) =>
        new() { ProxyId = "p", Rules = (rules ?? []).ToEquatableArray(), Users = UserTableTests.Users(users) };

    private void Revoke() => System.Threading.Interlocked.Increment(ref _revoked);

    private ForwardProxyModel Compile(ForwardProxyConfig config, ForwardProxyModel? before = null)
    {
        var model = _fixture.Compile(config, before);
        model.State.Current = model;
        return model;
    }

    private ForwardProxyModel Reload(ForwardProxyModel before, ForwardProxyConfig config)
    {
        var next = Compile(config, before);
        _fixture.Revocation.Review(next);
        return next;
    }
}
