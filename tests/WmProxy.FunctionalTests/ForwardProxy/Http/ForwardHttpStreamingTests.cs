using System;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
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
        Assert.StartsWith("HTTP/1.1 100 Continue\r\n", await client.ReadUntilAsync("\r\n\r\n"));
        await client.SendAsync("hello");
        Assert.Equal("ok", (await HttpMessage.ReadAsync(client)).Body);
        await client.SendAsync("POST http://refusing.test/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n");

        Assert.Equal(413, (await HttpMessage.ReadAsync(client)).Status);
    }

    [Theory]
    [InlineData("HTTP/1.1", "Connection: close\r\n")]
    [InlineData("HTTP/1.0", "")]
    public async Task LastResponse_ArrivesWhole_HoweverSlowlyItIsRead(string version, string fields)
    {
        const int length = 500_000;
        var time = new FakeTimeProvider();
        await using var peer = new ScriptedPeer(script => script.ReadUntil("\r\n\r\n").Write($"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").WriteTestData(length).ReadToEnd());
        await using var host = await ForwardHost.StartAsync(timeProvider: time);
        host.Dialer.Map("example.test:80", peer.EndPoint);
        using var client = await host.ConnectAsync();

        await client.SendAsync($"GET http://example.test/ {version}\r\nHost: x\r\n{fields}\r\n");
        await host.Host.WaitForConnectionsAsync(connections => connections is [{ EndReason: Connections.ConnectionEndReason.Completed }]);
        for (var i = 0; i < 20; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
        }

        await client.ReadUntilAsync("\r\n\r\n");
        var read = await client.DrainAsync();
        Assert.Equal(TestData.Hash(length), read.Hash);
        Assert.Equal(ReadEnd.Fin, read.End);
    }

    [Fact]
    public async Task UpgradeAfterALoginThatWaited_BecomesAStream_AndEnds()
    {
        await using var peer = new ScriptedPeer(script => script
            .ReadUntil("\r\n\r\n").Write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").ReadUntil("from the client").Write("bye"));
        await using var host = await StartAsync(peer, """ "Users": { "alice": { "Password": "secret" } } """);
        host.Authenticator.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var client = await host.ConnectAsync();

        await client.SendAsync(
            $"GET http://example.test/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nProxy-Authorization: {ForwardHost.Basic("alice", "secret")}\r\n\r\n");
        await Deadline.PollAsync(() => Task.FromResult(host.Authenticator.Count == 1));
        host.Authenticator.Gate.SetResult();
        await client.ReadUntilAsync("\r\n\r\n");
        await client.SendAsync("from the client");

        Assert.Equal("bye", (await client.ReadToEndAsync()).Text);
        client.Dispose();
        await Deadline.PollAsync(() => Task.FromResult(host.Host.Connections.Count == 0));
    }

    [Fact]
    public async Task LoginThatWaits_EndsWithItsClient()
    {
        await using var peer = new HttpPeer();
        await using var host = await StartAsync(peer, """ "Users": { "alice": { "Password": "secret" } } """);
        host.Authenticator.Gate = new TaskCompletionSource();
        using var client = await host.ConnectAsync();

        await client.SendAsync($"GET http://example.test/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: {ForwardHost.Basic("alice", "secret")}\r\n\r\n");
        await Deadline.PollAsync(() => Task.FromResult(host.Authenticator.Count == 1));
        client.Reset();

        await Deadline.PollAsync(() => Task.FromResult(host.Host.Connections.Count == 0));
    }

    [Fact]
    public async Task InterimResponses_ArePassedOn_AsTheyCome()
    {
        var hinted = new TaskCompletionSource();
        await using var peer = new ScriptedPeer(script => script
            .ReadUntil("\r\n\r\n").Write("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n").WaitFor(hinted.Task)
            .Write("HTTP/1.1 102 Processing\r\n\r\n" + HttpPeer.Ok).ReadToEnd());
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");
        var hints = await HttpMessage.ReadAsync(client, isBodyless: true);
        hinted.SetResult();
        var processing = await HttpMessage.ReadAsync(client, isBodyless: true);

        Assert.Equal((103, 102), (hints.Status, processing.Status));
        Assert.Equal("</style.css>; rel=preload", hints["Link"]);
        Assert.Null(hints["X-Hop"]);
        Assert.Null(hints["Connection"]);
        Assert.Equal("ok", (await HttpMessage.ReadAsync(client)).Body);
    }

    [Fact]
    public async Task InterimResponses_AreNotForClientsOfHttp10()
    {
        await using var peer = new HttpPeer("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + HttpPeer.Ok);
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("GET http://example.test/ HTTP/1.0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", (await client.ReadToEndAsync()).Text);
    }

    [Fact]
    public async Task Trailers_ArePassedOn_BothWays_ButForWhatFramesAndRoutes()
    {
        const string trailers = "0\r\nX-Checksum: 1\r\nContent-Length: 5\r\nConnection: close\r\nHost: evil.test\r\n\r\n";
        await using var peer = new ScriptedPeer(script => script
            .ReadUntil("0\r\nX-Checksum: 1\r\n\r\n")
            .Write($"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Checksum\r\n\r\n2;ext=1\r\nok\r\n{trailers}").ReadToEnd());
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync($"POST http://example.test/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nup\r\n{trailers}");
        var head = await client.ReadUntilAsync("\r\n\r\n");

        Assert.Contains("\r\nTrailer: X-Checksum\r\n", head);
        Assert.Equal("2\r\nok\r\n0\r\nX-Checksum: 1\r\n\r\n", await client.ReadUntilAsync("\r\n\r\n"));
    }

    [Fact]
    public async Task ResponseBeforeTheContentHasEnded_IsPassedOnMeanwhile()
    {
        await using var peer = new ScriptedPeer(script => script
            .ReadUntil("one").Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nONE\r\n").ReadUntil("two").Write("3\r\nTWO\r\n0\r\n\r\n")
            .ReadUntil("GET / HTTP").Write(HttpPeer.Ok).ReadToEnd());
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("POST http://example.test/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
        await client.ReadUntilAsync("ONE");
        await client.SendAsync("3\r\ntwo\r\n0\r\n\r\n");
        await client.ReadUntilAsync("TWO\r\n0\r\n\r\n");
        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal("ok", (await HttpMessage.ReadAsync(client)).Body);
        Assert.Equal(1, peer.AcceptedCount);
    }

    [Fact]
    public async Task DestinationThatWantsNoMoreContent_IsPassedOn_AndEndsTheConnection()
    {
        await using var peer = new ScriptedPeer(script => script.ReadUntil("\r\n\r\n").Write("HTTP/1.1 413 Too Much\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!"));
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("POST http://example.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n");

        var answer = await client.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 413 ", answer.Text);
        Assert.EndsWith("no!", answer.Text);
        Assert.Equal(ReadEnd.Fin, answer.End);
    }

    [Fact]
    public async Task KeptConnection_ThatItsDestinationEndsInsteadOfAnswering_IsReplaced()
    {
        // Answers once on each connection, then ends it when the next request comes.
        await using var peer = new TestServerSocket(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync(HttpPeer.Ok);
            await connection.ReadUntilAsync("\r\n\r\n");
        });
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        for (var i = 0; i < 3; i++)
        {
            await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");
            Assert.Equal(200, (await HttpMessage.ReadAsync(client)).Status);
        }

        Assert.Equal(3, peer.AcceptedCount);
    }

    [Fact]
    public async Task RequestThatMayNotBeRepeated_GoesOnAConnectionOfItsOwn()
    {
        await using var peer = new HttpPeer();
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        foreach (var request in new[] { "GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n", "POST http://example.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na" })
        {
            await client.SendAsync(request);
            await HttpMessage.ReadAsync(client);
        }

        Assert.Equal(2, peer.AcceptedCount);
    }

    [Fact]
    public async Task ConnectAfterOtherRequests_BecomesATunnel()
    {
        await using var peer = new HttpPeer();
        await using var echo = new EchoServer();
        await using var host = await StartAsync(peer);
        host.Dialer.Map("echo.test:7", echo.EndPoint);
        using var client = await host.ConnectAsync();

        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\nCONNECT echo.test:7 HTTP/1.1\r\nHost: x\r\n\r\nearly");
        Assert.Equal("ok", (await HttpMessage.ReadAsync(client)).Body);
        Assert.Equal(200, (await HttpMessage.ReadAsync(client, isBodyless: true)).Status);
        client.HalfClose();

        Assert.Equal("early", (await client.ReadToEndAsync()).Text);
    }

    [Fact]
    public async Task OptionsOfAWholeServer_GoesOnAsAsterisk()
    {
        await using var peer = new HttpPeer();
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("OPTIONS HTTP://example.test HTTP/1.1\r\nHost: example.test\r\n\r\n");

        // RFC 9112 section 3.2.4.
        Assert.Equal("OPTIONS * HTTP/1.1", (await peer.NextAsync()).StartLine);
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
