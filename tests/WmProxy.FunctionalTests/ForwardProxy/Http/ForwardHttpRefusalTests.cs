using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using WmProxy.ForwardProxy;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.ForwardProxy.Http;

/// <summary>Requests that are answered here instead of by a destination.</summary>
public sealed class ForwardHttpRefusalTests
{
    private const string Users = """ "Users": { "alice": { "Password": "a:b" } } """;

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: example.test\r\n\r\n", 400)]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: example.test\r\n\r\n", 400)]
    [InlineData("GET http://example.test/ HTTP/2.0\r\nHost: x\r\n\r\n", 505)]
    [InlineData("GET  http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http://example.test/ HTTP/1.1 \r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http://example.test/ HTTP/1.1\r\nHost: x\r\nX-A: 1\rX-B: 2\r\n\r\n", 400)]
    [InlineData("POST http://example.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0000000000000000001\r\n\r\na", 400)]
    [InlineData("POST http://example.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\na", 400)]
    [InlineData("GET https://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n", 501)]
    [InlineData("GET ftp://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http:/example.test/ HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http:///x HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http://user:pass@example.test/ HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http://example.test/#x HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http://example.test:0/ HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http://example.test:65536/ HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http://example.test:65616/ HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http://example.test:+80/ HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http://127.1/ HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http://0x7f000001/ HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http://2130706433/ HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http://127.0.0.01/ HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http://[::1%25lo]/ HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http://exa%6Dple.test/ HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http://example.test/\u0001 HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http://example.test/\u00e9 HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http://example.test/ HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET http://example.test/ HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n folded: 1\r\n\r\n", 400)]
    [InlineData("GET http://example.test/ HTTP/1.1\r\nHost: x\r\nName : 1\r\n\r\n", 400)]
    [InlineData("GET http://example.test/ HTTP/1.1\r\nHost: x\r\nName: a\0b\r\n\r\n", 400)]
    [InlineData("POST http://example.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)]
    [InlineData("POST http://example.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400)]
    [InlineData("POST http://example.test/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)]
    [InlineData("POST http://example.test/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400)]
    [InlineData("POST http://example.test/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400)]
    [InlineData("POST http://example.test/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)]
    [InlineData("POST http://example.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na", 400)]
    [InlineData("POST http://example.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: -0\r\n\r\n", 400)]
    [InlineData("GET http://example.test/ HTTP/1.1\r\nHost: a b\r\n\r\n", 400)]
    [InlineData("GET http://example.test/ HTTP/1.1\r\nHost: a, b\r\n\r\n", 400)]
    [InlineData("GET http://example.test/ HTTP/1.1\r\nHost: a:99999\r\n\r\n", 400)]
    [InlineData("GET http://example.test/ HTTP/1.1\nHost: x\n\n", 400)]
    [InlineData("GET http://example.test/ HTTP/1.1\r\nHost: x\nX-A: 1\r\n\r\n", 400)]
    [InlineData("OPTIONS http://example.test/ HTTP/1.1\r\nHost: x\r\nMax-Forwards: -1\r\n\r\n", 400)]
    public async Task MalformedRequest_IsRefused_AndEndsTheConnection(string request, int status)
    {
        await using var peer = new HttpPeer();
        await using var host = await ForwardHost.StartAsync();
        host.Dialer.Map("example.test:80", peer.EndPoint);
        using var client = await host.ConnectAsync();

        await client.SendAsync(request);

        var answer = await client.ReadToEndAsync();
        Assert.StartsWith($"HTTP/1.1 {status} ", answer.Text);
        Assert.Equal(ReadEnd.Fin, answer.End);
        Assert.Equal(0, peer.AcceptedCount);
    }

    // The limits of the server that has the connection then are longer, and not those of the configuration.
    [Theory]
    [InlineData("GET ")]
    [InlineData("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n")]
    public async Task FirstHead_NotThereWithinDetectTimeout_EndsTheConnection(string begun)
    {
        var time = new FakeTimeProvider();
        await using var host = await ForwardHost.StartAsync(""" "DetectTimeout": "2s" """, timeProvider: time);
        using var client = await host.ConnectAsync();
        await client.SendAsync(begun);
        await host.Host.WaitForConnectionsAsync(connections => connections.Count == 1);

        var (end, elapsed) = await time.AdvanceUntilAsync(client.ReadToEndAsync());

        Assert.Equal(ReadEnd.Reset, end.End);
        Assert.InRange(elapsed.TotalSeconds, 2, 4);
    }

    [Fact]
    public async Task MissingCredentials_AreAskedFor_OnAConnectionThatGoesOn()
    {
        await using var peer = new HttpPeer();
        await using var host = await ForwardHost.StartAsync(Users);
        host.Dialer.Map("example.test:80", peer.EndPoint);
        using var client = await host.ConnectAsync();

        await client.SendAsync("POST http://example.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
        var challenge = await HttpMessage.ReadAsync(client);
        Assert.Equal(0, peer.AcceptedCount);
        Assert.Empty(host.Dialer.Requests);
        for (var i = 0; i < 3; i++)
        {
            await client.SendAsync($"GET http://example.test/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: {ForwardHost.Basic("alice", "a:b")}\r\n\r\n");
            Assert.Equal(200, (await HttpMessage.ReadAsync(client)).Status);
        }

        Assert.Equal(407, challenge.Status);
        Assert.StartsWith("Basic realm=\"", challenge["Proxy-Authenticate"]);
        Assert.Null((await peer.NextAsync())["Proxy-Authorization"]);
        Assert.Equal(1, host.Authenticator.Count);
        Assert.All(host.Dialer.Requests, request => Assert.Equal("alice", request.User));
    }

    [Theory]
    [InlineData("Proxy-Authorization: Basic YWxpY2U6YTpj")]
    [InlineData("Proxy-Authorization: Bearer YWxpY2U6YTpi")]
    [InlineData("Proxy-Authorization: Basic")]
    [InlineData("Proxy-Authorization: Basic YWxpY2U6YTpi=")]
    [InlineData("Proxy-Authorization: Basic YWxpY2U6YTpi\r\nProxy-Authorization: Basic YWxpY2U6YTpi")]
    [InlineData("Authorization: Basic YWxpY2U6YTpi")]
    public async Task WrongCredentials_AreRefused_AlsoAfterRightOnes(string field)
    {
        await using var peer = new HttpPeer();
        await using var host = await ForwardHost.StartAsync(Users);
        host.Dialer.Map("example.test:80", peer.EndPoint);
        using var client = await host.ConnectAsync();

        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: bAsIc YWxpY2U6YTpi\r\n\r\n");
        Assert.Equal(200, (await HttpMessage.ReadAsync(client)).Status);
        await client.SendAsync($"GET http://example.test/ HTTP/1.1\r\nHost: x\r\n{field}\r\n\r\n");
        Assert.Equal(407, (await HttpMessage.ReadAsync(client)).Status);
    }

    [Theory]
    [InlineData((int)ForwardRefusal.RuleDenied, 403)]
    [InlineData((int)ForwardRefusal.GuardDenied, 403)]
    [InlineData((int)ForwardRefusal.Loop, 508)]
    [InlineData((int)ForwardRefusal.NameNotResolved, 502)]
    [InlineData((int)ForwardRefusal.ConnectionRefused, 502)]
    [InlineData((int)ForwardRefusal.NetworkUnreachable, 502)]
    [InlineData((int)ForwardRefusal.HostUnreachable, 502)]
    [InlineData((int)ForwardRefusal.Timeout, 504)]
    [InlineData((int)ForwardRefusal.ParentFailed, 502)]
    [InlineData((int)ForwardRefusal.Failed, 502)]
    public async Task RefusedDestination_IsToldWithAReason_OnAConnectionThatGoesOn(int refusal, int status)
    {
        await using var peer = new HttpPeer();
        await using var host = await ForwardHost.StartAsync();
        host.Dialer.Map("example.test:80", peer.EndPoint);
        host.Dialer.Refuse("refused.test:80", (ForwardRefusal)refusal);
        using var client = await host.ConnectAsync();

        await client.SendAsync("GET http://refused.test/ HTTP/1.1\r\nHost: x\r\n\r\n");
        var answer = await HttpMessage.ReadAsync(client);
        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal(status, answer.Status);
        Assert.Equal("text/plain; charset=utf-8", answer["Content-Type"]);
        Assert.InRange(answer.Body.Length, 10, 200);
        Assert.Equal(200, (await HttpMessage.ReadAsync(client)).Status);
    }

    [Theory]
    [InlineData("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("garbage\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")]
    [InlineData("HTTP/1.1 200 OK\r\nBad Name: 1\r\nContent-Length: 0\r\n\r\n")]
    public async Task BadResponse_Becomes502(string response)
    {
        await using var peer = new ScriptedPeer(script => script.ReadUntil("\r\n\r\n").Write(response));
        await using var good = new HttpPeer();
        await using var host = await ForwardHost.StartAsync();
        host.Dialer.Map("example.test:80", peer.EndPoint);
        host.Dialer.Map("good.test:80", good.EndPoint);
        using var client = await host.ConnectAsync();

        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");
        var answer = await HttpMessage.ReadAsync(client);
        await client.SendAsync("GET http://good.test/ HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal(502, answer.Status);
        Assert.Null(answer["Proxy-Authenticate"]);
        Assert.Equal(200, (await HttpMessage.ReadAsync(client)).Status);
    }

    [Theory]
    [InlineData("\"Http\"", "GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT example.test:80 HTTP/1.1\r\nHost: x\r\n\r\n")]
    public async Task ProtocolThatIsOff_IsRefused_AlsoAfterAnotherRequest(string protocols, string first, string second)
    {
        await using var peer = new HttpPeer();
        await using var host = await ForwardHost.StartAsync($""" "Protocols": [ {protocols} ] """);
        host.Dialer.Map("example.test:80", peer.EndPoint);
        using var client = await host.ConnectAsync();

        await client.SendAsync(first);
        await HttpMessage.ReadAsync(client);
        await client.SendAsync(second);

        var answer = await client.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 403 ", answer.Text);
        Assert.Equal(ReadEnd.Fin, answer.End);
    }

    [Fact]
    public async Task MethodThatIsHeadInOtherLetters_IsAnother()
    {
        await using var host = await ForwardHost.StartAsync();
        host.Dialer.Refuse("refused.test:80", ForwardRefusal.RuleDenied);
        using var client = await host.ConnectAsync();

        // RFC 9110 section 9.1.
        await client.SendAsync("head http://refused.test/ HTTP/1.1\r\nHost: x\r\n\r\nGET http://refused.test/ HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal((await HttpMessage.ReadAsync(client)).Body, (await HttpMessage.ReadAsync(client)).Body);
    }

    [Fact]
    public async Task AnswerToHead_HasNoContent()
    {
        await using var peer = new HttpPeer();
        await using var host = await ForwardHost.StartAsync();
        host.Dialer.Map("example.test:80", peer.EndPoint);
        host.Dialer.Refuse("refused.test:80", ForwardRefusal.RuleDenied);
        using var client = await host.ConnectAsync();

        await client.SendAsync("HEAD http://refused.test/ HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal(403, (await HttpMessage.ReadAsync(client, isBodyless: true)).Status);
        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal(200, (await HttpMessage.ReadAsync(client)).Status);
    }

    [Theory]
    [InlineData("Content-Length: 100000000\r\n")]
    [InlineData("Content-Length: 5\r\nExpect: 100-continue\r\n")]
    public async Task ContentThatNobodyWaitsFor_EndsTheConnection_AfterTheAnswer(string fields)
    {
        await using var host = await ForwardHost.StartAsync(Users);
        using var client = await host.ConnectAsync();

        await client.SendAsync($"POST http://example.test/ HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
        if (!fields.Contains("Expect"))
        {
            // No more than is read on before the end: of what is left unread the system makes a reset, which may overtake the rest of a longer send.
            await client.TrySendAsync(new byte[200_000]);
        }

        var answer = await client.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 407 ", answer.Text);
        Assert.Equal(ReadEnd.Fin, answer.End);
    }

    [Theory]
    [InlineData("5;")]
    [InlineData("g\r\n")]
    [InlineData("5\nhello\r\n")]
    [InlineData("5\r\nhello!\r\n")]
    [InlineData("-1\r\n")]
    [InlineData("0\r\nBad Name: 1\r\n\r\n")]
    [InlineData("1000000000000000\r\n")]
    public async Task MalformedChunks_AreAnswered400_AndGoNowhere(string content)
    {
        await using var peer = new ScriptedPeer(script => script.ReadUntil("\r\n\r\n").ReadToEnd());
        await using var host = await ForwardHost.StartAsync();
        host.Dialer.Map("example.test:80", peer.EndPoint);
        using var client = await host.ConnectAsync();

        await client.SendAsync($"POST http://example.test/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n{content}\0\r\n");

        var answer = await client.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 400 ", answer.Text);
        Assert.Equal(ReadEnd.Fin, answer.End);
    }

    [Fact]
    public async Task DestinationThatTakesTooLong_Becomes504_OnAConnectionThatGoesOn()
    {
        var time = new FakeTimeProvider();
        var asked = new TaskCompletionSource();
        await using var peer = new ScriptedPeer(script => script.ReadUntil("\r\n\r\n").Then((_, _) => { asked.SetResult(); return Task.CompletedTask; }).Stall());
        await using var good = new HttpPeer();
        await using var host = await ForwardHost.StartAsync(""" "IdleTimeout": "20s" """, timeProvider: time);
        host.Dialer.Map("example.test:80", peer.EndPoint);
        host.Dialer.Map("good.test:80", good.EndPoint);
        using var client = await host.ConnectAsync();
        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");
        await asked.Task.Within();

        var (answer, elapsed) = await time.AdvanceUntilAsync(HttpMessage.ReadAsync(client));
        await client.SendAsync("GET http://good.test/ HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal(504, answer.Status);
        Assert.InRange(elapsed.TotalSeconds, 20, 23);
        Assert.Equal(200, (await HttpMessage.ReadAsync(client)).Status);
    }

    [Fact]
    public async Task EmptyLineBehindContent_IsNoRequest()
    {
        var time = new FakeTimeProvider();
        await using var peer = new HttpPeer();
        await using var host = await ForwardHost.StartAsync(timeProvider: time);
        host.Dialer.Map("example.test:80", peer.EndPoint);
        using var client = await host.ConnectAsync();
        await client.SendAsync("POST http://example.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na\r\n");
        await HttpMessage.ReadAsync(client);

        var (end, elapsed) = await time.AdvanceUntilAsync(client.ReadToEndAsync());

        Assert.Equal(ReadEnd.Fin, end.End);
        Assert.InRange(elapsed.TotalSeconds, 119, 123);
    }

    [Fact]
    public async Task ConnectionThatWaitsTooLongForARequest_IsEndedInOrder()
    {
        var time = new FakeTimeProvider();
        await using var peer = new HttpPeer();
        await using var host = await ForwardHost.StartAsync(timeProvider: time);
        host.Dialer.Map("example.test:80", peer.EndPoint);
        using var client = await host.ConnectAsync();
        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");
        await HttpMessage.ReadAsync(client);

        var (end, elapsed) = await time.AdvanceUntilAsync(client.ReadToEndAsync());

        Assert.Equal(ReadEnd.Fin, end.End);
        Assert.InRange(elapsed.TotalSeconds, 119, 123);
    }
}
