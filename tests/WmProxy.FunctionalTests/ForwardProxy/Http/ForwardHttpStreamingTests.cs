using System.Linq;
using System.Net;
using System.Net.Http;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.ForwardProxy.Http;

/// <summary>Content on its way, upgrades, and what becomes of connections.</summary>
public sealed class ForwardHttpStreamingTests
{
    [Fact]
    public async Task RequestContent_IsPassedOnAsItComes()
    {
        var first = new TaskCompletionSource();
        await using var peer = new ScriptedPeer(script => script
            .ReadUntil("\r\n\r\n").ReadUntil("one\r\n").Then((_, _) => { first.SetResult(); return Task.CompletedTask; }).ReadUntil("0\r\n\r\n").Write(HttpPeer.Ok));
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("POST http://example.test/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
        await first.Task.Within();
        await client.SendAsync("3\r\ntwo\r\n0\r\n\r\n");

        Assert.Equal("ok", (await HttpMessage.ReadAsync(client)).Body);
    }

    [Fact]
    public async Task ResponseContent_IsPassedOnAsItComes_TheHeadBeforeIt()
    {
        var (head, first) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var peer = new ScriptedPeer(script => script
            .ReadUntil("\r\n\r\n").Write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n").WaitFor(head.Task)
            .Write("3\r\none\r\n").WaitFor(first.Task).Write("3\r\ntwo\r\n0\r\n\r\n").ReadToEnd());
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");
        await client.ReadUntilAsync("\r\n\r\n");
        head.SetResult();
        await client.ReadUntilAsync("one");
        first.SetResult();
        await client.ReadUntilAsync("two\r\n0\r\n\r\n");
    }

    [Fact]
    public async Task Expect_IsAnsweredByTheDestination()
    {
        await using var peer = new ScriptedPeer(script => script
            .ReadUntil("\r\n\r\n").Write("HTTP/1.1 100 Continue\r\n\r\n").ReadUntil("hello").Write(HttpPeer.Ok).ReadToEnd());
        await using var refusing = new ScriptedPeer(script => script.ReadUntil("\r\n\r\n").Write("HTTP/1.1 413 Too Much\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
        await using var host = await StartAsync(peer);
        host.Dialer.Map("refusing.test:80", refusing.EndPoint);
        using var client = await host.ConnectAsync();

        await client.SendAsync("POST http://example.test/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", await client.ReadUntilAsync("\r\n\r\n"));
        await client.SendAsync("hello");
        Assert.Equal("ok", (await HttpMessage.ReadAsync(client)).Body);
        await client.SendAsync("POST http://refusing.test/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n");

        Assert.Equal(413, (await HttpMessage.ReadAsync(client)).Status);
    }

    [Fact]
    public async Task Upgrade_BecomesAStream_BothWays()
    {
        await using var peer = new ScriptedPeer(script => script
            .ReadUntil("\r\n\r\n").Write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nfrom the server")
            .ReadUntil("from the client").Write("bye"));
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n");
        var answer = await HttpMessage.ReadAsync(client, isBodyless: true);
        await client.ReadUntilAsync("from the server");
        await client.SendAsync("from the client");

        Assert.Equal(101, answer.Status);
        Assert.Equal("websocket", answer["Upgrade"]);
        Assert.Equal("Upgrade", answer["Connection"]);
        Assert.Equal("bye", (await client.ReadToEndAsync()).Text);
    }

    [Fact]
    public async Task LargeContent_ArrivesWhole_BothWays()
    {
        const int length = 3_000_000;
        await using var peer = new ScriptedPeer(script => script
            .ReadUntil("\r\n\r\n").Read(length).Write($"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").WriteTestData(length).ReadToEnd());
        await using var host = await StartAsync(peer, """ "Bandwidth": { "Upload": "1GB/s", "Download": "1GB/s" }, "AccessLog": true """);
        using var client = await host.ConnectAsync();

        await client.SendAsync($"POST http://example.test/a?secret HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
        await client.SendTestDataAsync(length);
        await client.ReadUntilAsync("\r\n\r\n");

        Assert.Equal(TestData.Hash(length), (await client.DrainAsync()).Hash);
        await Deadline.PollAsync(() => Task.FromResult(host.Host.Connections.Count == 0));
        var line = Assert.Single(host.Logs.Of("WmProxy.AccessLog")).Text;
        Assert.Contains($"proxy p user - POST http://example.test/a by - status 200 up {length} down {length} ", line);
    }

    [Fact]
    public async Task RequestsOfOneRule_ShareConnections_ThoseOfOthersDoNot()
    {
        await using var peer = new HttpPeer();
        await using var host = await StartAsync(peer, """
            "Users": { "a": { "Password": "x" }, "b": { "Password": "x" }, "c": { "Password": "x" } },
            "Rules": [ { "Action": "Allow", "Users": [ "a" ] }, { "Action": "Allow", "Users": [ "b" ] } ]
            """);
        using var client = await host.ConnectAsync();

        var statuses = new System.Collections.Generic.List<int>();
        foreach (var user in new[] { "a", "b", "a", "b", "c" })
        {
            await client.SendAsync($"GET http://example.test/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: {ForwardHost.Basic(user, "x")}\r\n\r\n");
            statuses.Add((await HttpMessage.ReadAsync(client)).Status);
        }

        Assert.Equal([200, 200, 200, 200, 403], statuses);
        Assert.Equal(2, peer.AcceptedCount);
    }

    [Fact]
    public async Task ConnectionThatAuthenticatesItself_IsNobodyElses()
    {
        await using var peer = new HttpPeer();
        await using var host = await StartAsync(peer);
        using var first = await host.ConnectAsync();
        using var second = await host.ConnectAsync();

        for (var i = 0; i < 2; i++)
        {
            await first.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\nAuthorization: NTLM TlRMTVNTUAABAAAA\r\n\r\n");
            await HttpMessage.ReadAsync(first);
        }

        await first.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");
        await HttpMessage.ReadAsync(first);
        Assert.Equal(1, peer.AcceptedCount);
        await second.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");
        await HttpMessage.ReadAsync(second);

        Assert.Equal(2, peer.AcceptedCount);
    }

    [Fact]
    public async Task Reload_CountsForTheNextRequest_OfAConnectionThatIsThere()
    {
        await using var peer = new HttpPeer();
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();
        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");
        var before = await HttpMessage.ReadAsync(client);

        await host.Host.ReloadAsync(ForwardHost.Configuration(""" "Rules": [ { "Action": "Deny", "Hosts": [ "example.test" ] } ] """));
        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal(200, before.Status);
        Assert.Equal(403, (await HttpMessage.ReadAsync(client)).Status);
    }

    [Fact]
    public async Task RevokedRequest_IsCut()
    {
        var asked = new TaskCompletionSource();
        await using var peer = new ScriptedPeer(script => script.ReadUntil("\r\n\r\n").Then((_, _) => { asked.SetResult(); return Task.CompletedTask; }).Stall());
        await using var host = await StartAsync(peer);
        using var records = new ConnectionRecords(host.Host);
        using var client = await host.ConnectAsync();
        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");
        await asked.Task.Within();

        host.Live.All.Single().Revoke();

        Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
        Assert.Equal("AccessRevoked", (await records.NextAsync()).Reason);
    }

    [Fact]
    public async Task Stop_EndsIdleConnectionsInOrder_AndLetsRequestsFinish()
    {
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var slow = new ScriptedPeer(script => script
            .ReadUntil("\r\n\r\n").Then((_, _) => { asked.SetResult(); return Task.CompletedTask; }).WaitFor(answer.Task).Write(HttpPeer.Ok).ReadToEnd());
        await using var peer = new HttpPeer();
        await using var host = await StartAsync(peer);
        host.Dialer.Map("slow.test:80", slow.EndPoint);
        using var idle = await host.ConnectAsync();
        using var busy = await host.ConnectAsync();
        await idle.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");
        await HttpMessage.ReadAsync(idle);
        await busy.SendAsync("GET http://slow.test/ HTTP/1.1\r\nHost: x\r\n\r\n");
        await asked.Task.Within();

        var stopping = host.Host.Application.StopAsync();
        Assert.Equal(ReadEnd.Fin, (await idle.ReadToEndAsync()).End);
        idle.Dispose();
        answer.SetResult();

        var last = await HttpMessage.ReadAsync(busy);
        Assert.Equal("ok", last.Body);
        Assert.Equal("close", last["Connection"]);
        Assert.Equal(ReadEnd.Fin, (await busy.ReadToEndAsync()).End);
        busy.Dispose();
        await stopping.Within();
    }

    [Fact]
    public async Task HttpClient_WithThisProxy_GetsWhatItAsksFor()
    {
        await using var peer = new HttpPeer();
        await using var host = await StartAsync(peer, """ "Users": { "alice": { "Password": "secret" } } """);
        using var http = new HttpClient(new SocketsHttpHandler
        {
            Proxy = new WebProxy($"http://{host.EndPoint}") { Credentials = new NetworkCredential("alice", "secret") },
            UseProxy = true,
        });

        Assert.Equal("ok", await http.GetStringAsync("http://example.test/a").Within());
        Assert.Equal("ok", await (await http.PostAsync("http://example.test/b", new StringContent("content")).Within()).Content.ReadAsStringAsync());
        Assert.Equal("GET /a HTTP/1.1", (await peer.NextAsync()).StartLine);
        Assert.Equal("content", (await peer.NextAsync()).Body);
    }

    private static async Task<ForwardHost> StartAsync(TestServerSocket peer, string settings = "")
    {
        var host = await ForwardHost.StartAsync(settings);
        host.Dialer.Map("example.test:80", peer.EndPoint);
        return host;
    }
}
