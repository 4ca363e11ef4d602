using System;
using System.Collections.Generic;
using System.Diagnostics.Metrics;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Clusters;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.ForwardProxy;
using WmProxy.Tests.Clusters;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.ForwardProxy;

public sealed class ForwardDialerTests
{
    private readonly ForwardFixture _fixture = new();

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("a.example")]
    public async Task Dial_DestinationThatListens_GivesTheConnectionAndWhereItLeads(string host)
    {
        await using var echo = new EchoServer();
        _fixture.AddName("a.example", "127.0.0.1");

        using var result = await DialAsync(Local(), host, PortOf(echo));

        Assert.True(result.IsConnected);
        Assert.Equal(IPAddress.Loopback, result.Address);
        Assert.Equal("default", result.Rule.Name);
        await result.Stream.WriteAsync("ping"u8.ToArray());
        Assert.True(await result.Stream.FillBufferAsync(16, CancellationToken.None).AsTask().Within() > 0);
    }

    [Fact]
    public async Task Dial_FirstAddressRefuses_TriesTheNext()
    {
        await using var echo = new EchoServer();
        _fixture.AddName("a.example", "127.0.0.2", "127.0.0.1");

        using var result = await DialAsync(Local(), "a.example", PortOf(echo));

        Assert.Equal(IPAddress.Loopback, result.Address);
        Assert.Equal(IPAddress.Loopback, (await _fixture.Resolver.ResolveForClientAsync("a.example", null, CancellationToken.None)).Addresses[0]);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("a.example")]
    public async Task Dial_NobodyListens_SaysRefused(string host)
    {
        _fixture.AddName("a.example", "127.0.0.2", "127.0.0.1");
        int port;
        await using (var gone = new EchoServer())
        {
            port = PortOf(gone);
        }

        using var result = await DialAsync(Local(), host, port);

        Assert.Equal(ForwardRefusal.ConnectionRefused, result.Refusal);
        Assert.Equal(ConnectionEndReason.ConnectFailed, result.Failure);
        Assert.Null(result.Stream);
    }

    [Fact]
    public async Task Dial_Refused_SaysWhyAndWhatIsRecorded()
    {
        using var denied = await DialAsync(_fixture.Proxy(new ForwardRuleConfig { Action = ForwardRuleAction.Deny }), "192.0.2.1", 80);
        using var guarded = await DialAsync(_fixture.Proxy(), "127.0.0.1", 80);
        using var unknown = await DialAsync(_fixture.Proxy(), "nowhere.example", 80);

        Assert.Equal((ForwardRefusal.RuleDenied, ConnectionEndReason.DestinationDenied), (denied.Refusal, denied.Failure));
        Assert.Equal((ForwardRefusal.GuardDenied, ConnectionEndReason.DestinationDenied), (guarded.Refusal, guarded.Failure));
        Assert.Equal((ForwardRefusal.NameNotResolved, ConnectionEndReason.ConnectFailed), (unknown.Refusal, unknown.Failure));
    }

    [Fact]
    public async Task Dial_ResolverHangs_GivesUpInTime()
    {
        var time = new SignalingTimeProvider();
        var fixture = new ForwardFixture(time) { LookupGate = new TaskCompletionSource().Task };
        var dialling = fixture.Dialer.DialAsync(Local(fixture), ForwardFixture.Request("a.example"), null, CancellationToken.None).AsTask();
        Assert.True(await time.TimerCreated.WaitAsync(TimeSpan.FromSeconds(10)));
        time.Advance(TimeSpan.FromSeconds(11));

        using var result = await dialling.Within();

        Assert.Equal((ForwardRefusal.Timeout, ConnectionEndReason.ConnectTimeout), (result.Refusal, result.Failure));
    }

    [Fact]
    public async Task Dial_Canceled_Throws()
    {
        _fixture.LookupGate = new TaskCompletionSource().Task;
        using var stop = new CancellationTokenSource();
        var dialling = _fixture.Dialer.DialAsync(Local(), ForwardFixture.Request("a.example"), null, stop.Token).AsTask();
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dialling.Within());
    }

    [Fact]
    public async Task Dial_ThroughParentsAfterARuleJudgedAddresses_AsksForTheAddress()
    {
        _fixture.AddName("a.example", "192.0.2.7");
        var proxy = _fixture.Proxy(
            new ForwardRuleConfig { Action = ForwardRuleAction.Deny, Hosts = ["203.0.113.0/24"] },
            new ForwardRuleConfig { Action = ForwardRuleAction.Allow, ClusterId = "parents" });

        using var result = await DialAsync(proxy, "a.example", 443);

        Assert.Equal("192.0.2.7:443", _fixture.ParentRequest!.Value.Target.ToString());
    }

    [Theory]
    [InlineData("a.example")]
    [InlineData("192.0.2.1")]
    public async Task Dial_ThroughParents_PassesTheTargetOn(string host)
    {
        var proxy = _fixture.Proxy(new ForwardRuleConfig { Action = ForwardRuleAction.Allow, ClusterId = "parents" });

        using var result = await DialAsync(proxy, host, 443);

        Assert.Equal(ForwardRefusal.ParentFailed, result.Refusal);
        Assert.Equal(ConnectionEndReason.NoDestination, result.Failure);
        Assert.Equal("parents", _fixture.ParentRequest!.Value.ClusterId);
        Assert.Equal($"{host}:443", _fixture.ParentRequest.Value.Target.ToString());
        Assert.Equal("198.51.100.1", _fixture.ParentRequest.Value.ClientAddress!.ToString());
        Assert.True(_fixture.ParentRequest.Value.SparesReserve);
        Assert.Empty(_fixture.Lookups);
    }

    [Fact]
    public async Task Dial_ParentsDoNotAnswer_IsATimeout()
    {
        _fixture.ParentResult = DialResult.Failed(ConnectionEndReason.ConnectTimeout, "late");

        using var result = await DialAsync(_fixture.Proxy(new ForwardRuleConfig { Action = ForwardRuleAction.Allow, ClusterId = "parents" }), "a.example", 443);

        Assert.Equal(ForwardRefusal.Timeout, result.Refusal);
    }

    [Fact]
    public async Task Judge_Allowed_OpensNothing()
    {
        await using var echo = new EchoServer();

        var verdict = await _fixture.Dialer.JudgeAsync(Local(), ForwardFixture.Request("127.0.0.1", PortOf(echo)), CancellationToken.None);

        Assert.True(verdict.IsAllowed);
        Assert.Equal([IPAddress.Loopback], verdict.Addresses);
        Assert.Equal(0, echo.AcceptedCount);
    }

    [Fact]
    public async Task Metrics_Requests_AreCountedByWhatBecameOfThem()
    {
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, _fixture.Meters))
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var key = $"{instrument.Name} {string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))}";
            counts[key] = counts.GetValueOrDefault(key) + value;
        });
        listener.Start();
        var proxy = _fixture.Proxy(
            new ForwardRuleConfig { Action = ForwardRuleAction.Deny, Hosts = ["203.0.113.0/24"] },
            new ForwardRuleConfig { Action = ForwardRuleAction.Allow, Ports = ["80"] });

        await JudgeAsync("203.0.113.1", 80);
        await JudgeAsync("192.0.2.1", 80);
        await JudgeAsync("192.0.2.1", 81);
        await JudgeAsync("127.0.0.1", 80);

        Assert.Equal(
            [
                "wmproxy.forward.guard proxy=p reason=Loopback enforced=True 1",
                "wmproxy.forward.requests proxy=p command=Connect result=Allowed 1",
                "wmproxy.forward.requests proxy=p command=Connect result=GuardDenied 1",
                "wmproxy.forward.requests proxy=p command=Connect result=RuleDenied 2",
                "wmproxy.forward.rules proxy=p rule=0 action=Deny 1",
                "wmproxy.forward.rules proxy=p rule=1 action=Allow 2",
                "wmproxy.forward.rules proxy=p rule=none action=Deny 1",
            ],
            counts.Select(count => $"{count.Key} {count.Value}"));

        async Task JudgeAsync(string host, int port) => await _fixture.Dialer.JudgeAsync(proxy, ForwardFixture.Request(host, port), CancellationToken.None);
    }

    private static int PortOf(EchoServer server) => ((IPEndPoint)server.EndPoint).Port;

    private ForwardProxyModel Local(ForwardFixture? fixture = null) => (fixture ?? _fixture).Compile(new ForwardProxyConfig { ProxyId = "p" }, guards: false);

    private Task<ForwardDialResult> DialAsync(ForwardProxyModel proxy, string host, int port) =>
        _fixture.Dialer.DialAsync(proxy, ForwardFixture.Request(host, port), null, CancellationToken.None).AsTask().Within();
}
