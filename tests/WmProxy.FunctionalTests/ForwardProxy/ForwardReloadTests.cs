using System;
using System.Linq;
using System.Net;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.ForwardProxy;

public class ForwardReloadTests
{
    private const string Listen = """ "Listen": "tcp://127.0.0.1:0" """;

    [Fact]
    public async Task Reload_UserRemoved_CutsThatUsersConnectionsAtOnceAndNoOthers()
    {
        await using var echo = new EchoServer();
        await using var host = await LineProxy.StartAsync(Users("alice", "bob"));
        using var records = new ConnectionRecords(host);
        using var alice = await LineProxy.OpenAsync(host, echo.EndPoint, "alice:p");
        using var bob = await LineProxy.OpenAsync(host, echo.EndPoint, "bob:p");

        Assert.True((await host.ReloadAsync(Users("bob", "carol"))).Succeeded);

        Assert.Equal(ReadEnd.Reset, (await alice.ReadToEndAsync()).End);
        Assert.Equal("AccessRevoked", (await records.NextAsync()).Reason);
        await LineProxy.EchoAsync(bob);
        using var carol = await LineProxy.OpenAsync(host, echo.EndPoint, "carol:p");
        Assert.Equal("no login\n", (await LineProxy.AskAsync(host, LineProxy.Request(echo.EndPoint, "alice:p"))).Text);
        await LineProxy.EchoAsync(bob);
    }

    [Fact]
    public async Task Reload_RuleThatDeniesADestination_CutsItsConnectionsOnly()
    {
        await using var first = new EchoServer();
        await using var second = new EchoServer();
        await using var host = await LineProxy.StartAsync(LineProxy.Json(Listen));
        using var denied = await LineProxy.OpenAsync(host, first.EndPoint);
        using var allowed = await LineProxy.OpenAsync(host, second.EndPoint);

        await host.ReloadAsync(LineProxy.Json(
            $$"""{{Listen}}, "Rules": [ { "Action": "Deny", "Ports": [ "{{((IPEndPoint)first.EndPoint).Port}}" ] }, { "Action": "Allow" } ] """));

        Assert.Equal(ReadEnd.Reset, (await denied.ReadToEndAsync()).End);
        await LineProxy.EchoAsync(allowed);
    }

    [Fact]
    public async Task Reload_Whatever_KeepsTheListenerAndTheCounts()
    {
        await using var echo = new EchoServer();
        await using var host = await LineProxy.StartAsync(LineProxy.Json($$"""{{Listen}}, "MaxConnections": 2 """));
        var endPoint = host.EndPointOf("p");
        using var client = await LineProxy.OpenAsync(host, echo.EndPoint);

        Assert.True((await host.ReloadAsync(LineProxy.Json($$"""{{Listen}}, "MaxConnections": 1 """))).Succeeded);

        Assert.Equal(endPoint, host.EndPointOf("p"));
        Assert.Equal(ReadEnd.Reset, await host.EndOfConnectionAsync("p"));
        await LineProxy.EchoAsync(client);
    }

    [Fact]
    public async Task Reload_ProxyRemoved_DrainsAndEndsItsConnections()
    {
        var time = new FakeTimeProvider();
        await using var echo = new EchoServer();
        await using var host = await LineProxy.StartAsync(LineProxy.Json(Listen), time);
        using var records = new ConnectionRecords(host);
        var endPoint = host.EndPointOf("p");
        using var client = await LineProxy.OpenAsync(host, echo.EndPoint);

        Assert.True((await host.ReloadAsync("""{ "WmProxy": { "DrainTimeout": "5s" } }""")).Succeeded);
        Assert.True(await RawClient.IsRefusedAsync(endPoint));
        await LineProxy.EchoAsync(client);

        var (end, elapsed) = await time.AdvanceUntilAsync(client.ReadToEndAsync());
        Assert.Equal(ReadEnd.Reset, end.End);
        Assert.InRange(elapsed.TotalSeconds, 5, 23);
        Assert.Equal("Drained", (await records.NextAsync()).Reason);
    }

    [Fact]
    public async Task Reload_OtherProxyChanged_LeavesThisOneAlone()
    {
        await using var echo = new EchoServer();
        await using var host = await LineProxy.StartAsync(Two("10m"));
        using var client = await LineProxy.OpenAsync(host, echo.EndPoint);

        Assert.True((await host.ReloadAsync(Two("11m"))).Succeeded);
        await host.WaitForConnectionsAsync(connections => connections.Count == 1);

        await LineProxy.EchoAsync(client);
        using var other = await LineProxy.OpenAsync(host, echo.EndPoint, proxy: "q");

        static string Two(string idle) =>
            $$"""{ "WmProxy": { "ForwardProxies": { "p": { {{Listen}} }, "q": { {{Listen}}, "IdleTimeout": "{{idle}}" } } } }""";
    }

    [Fact]
    public async Task Reload_ErrorInAForwardProxy_ChangesNothing()
    {
        await using var echo = new EchoServer();
        await using var host = await LineProxy.StartAsync(LineProxy.Json(Listen));
        using var client = await LineProxy.OpenAsync(host, echo.EndPoint);

        var result = await host.ReloadAsync(LineProxy.Json(""" "Listen": "tcp://*:0" """));

        Assert.False(result.Succeeded);
        Assert.Contains("AllowAnonymous", Assert.Single(result.Errors).Message, StringComparison.Ordinal);
        await LineProxy.EchoAsync(client);
        using var next = await LineProxy.OpenAsync(host, echo.EndPoint);
    }

    [Fact]
    public async Task Listeners_ForwardProxy_IsToldByItsName()
    {
        await using var host = await LineProxy.StartAsync(LineProxy.Json(Listen));

        var listener = Assert.Single(host.Listeners);
        Assert.Equal("p", listener.ForwardProxy);
        Assert.Empty(listener.Streams);
        Assert.Same(host.Listeners, host.Listeners);
    }

    private static string Users(params string[] names) =>
        LineProxy.Json($$"""{{Listen}}, "Users": { {{string.Join(", ", names.Select(name => $$"""  "{{name}}": { "Password": "p" } """))}} } """);
}
