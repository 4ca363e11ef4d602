using System;
using System.Linq;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.ForwardProxy.Http;

/// <summary>What a proxy takes out of a message, puts in, and leaves (RFC 9110 section 7.6).</summary>
public sealed class ForwardHttpFieldTests
{
    [Fact]
    public async Task RequestFields_OfTheConnectionAndOfTheProxy_EndHere()
    {
        await using var peer = new HttpPeer();
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync(
            "GET http://example.test/ HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, X-Hop,\tx-other\r\nConnection: Host\r\nX-Hop: 1\r\nX-Other: 2\r\nKeep-Alive: 5\r\n"
            + "Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic eDp5\r\nProxy-Anything: 1\r\nTE: trailers\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
            + "Upgrade-Insecure-Requests: 1\r\nCookie: a=b\r\nX-Stays: \u00e9\r\nAccept: a, b\r\n\r\n");

        var request = await peer.NextAsync();
        Assert.Equal(
            ["Accept", "Connection", "Cookie", "Host", "TE", "Upgrade-Insecure-Requests", "Via", "X-Stays"],
            request.Names.Order(StringComparer.Ordinal));
        Assert.Equal("example.test", request["Host"]);
        Assert.Equal(("trailers", "TE"), (request["TE"], request["Connection"]));
        Assert.Equal("a, b", request["Accept"]);
        Assert.Equal("\u00e9", request["X-Stays"] is { } value ? System.Text.Encoding.UTF8.GetString(System.Text.Encoding.Latin1.GetBytes(value)) : null);
    }

    [Fact]
    public async Task ResponseFields_OfTheConnectionAndOfTheProxy_EndHere()
    {
        await using var peer = new HttpPeer(
            "HTTP/1.1 200 Fine\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic realm=x\r\nProxy-Status: x\r\nAlt-Svc: clear\r\n"
            + "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nServer: peer\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nVia: 1.0 before\r\nContent-Length: 2\r\n\r\nok");
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");

        var response = await HttpMessage.ReadAsync(client);
        Assert.Equal("HTTP/1.1 200 Fine", response.StartLine);
        Assert.Equal(
            ["Alt-Svc", "Content-Length", "Date", "Server", "Set-Cookie", "Set-Cookie", "Via"],
            response.Names.Order(StringComparer.Ordinal).Distinct().Concat(["Set-Cookie"]).Order(StringComparer.Ordinal));
        Assert.Equal(2, response.Names.Count(name => name == "Set-Cookie"));
        Assert.Equal("Tue, 15 Nov 1994 08:12:31 GMT", response["Date"]);
        Assert.StartsWith("1.0 before, 1.1 wmproxy-", response["Via"]);
    }

    [Fact]
    public async Task ResponseWithoutADate_GetsOne()
    {
        await using var peer = new HttpPeer();
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");

        // RFC 9110 section 6.6.1.
        var date = DateTimeOffset.ParseExact((await HttpMessage.ReadAsync(client))["Date"]!, "R", System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(date, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
    }

    [Fact]
    public async Task ResponseField_FoldedOrWithSpaceBeforeTheColon_IsPutRight()
    {
        await using var peer = new HttpPeer("HTTP/1.1 200 OK\r\nX-Folded: a\r\n \tb\r\nX-Space : c\r\nContent-Length: 2, 2\r\n\r\nok");
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");

        // RFC 9112 sections 5.1 and 5.2.
        var response = await HttpMessage.ReadAsync(client, isBodyless: true);
        Assert.Matches("^a +\tb$", response["X-Folded"]);
        Assert.Equal("c", response["X-Space"]);
    }

    [Fact]
    public async Task NominatingWhatFramesTheMessage_ChangesNothing()
    {
        await using var peer = new HttpPeer();
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("POST http://example.test/ HTTP/1.1\r\nHost: x\r\nConnection: Content-Length, Transfer-Encoding, :, a b\r\nContent-Length: 3\r\n\r\nabc");

        var request = await peer.NextAsync();
        Assert.Equal("3", request["Content-Length"]);
        Assert.Equal("abc", request.Body);
    }

    [Fact]
    public async Task Via_TellsTheLoop()
    {
        await using var peer = new HttpPeer();
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\nVia: 1.0 fred, 1.1 other.test (a comment)\r\n\r\n");
        var via = (await peer.NextAsync())["Via"]!;
        Assert.Matches("^1.0 fred, 1.1 other.test \\(a comment\\), 1.1 wmproxy-[0-9a-f]+$", via);
        await HttpMessage.ReadAsync(client);
        await client.SendAsync($"GET http://example.test/ HTTP/1.1\r\nHost: x\r\nVia: {via}, HTTP/1.1 later\r\n\r\n");

        Assert.Equal(508, (await HttpMessage.ReadAsync(client)).Status);
        Assert.Equal(1, host.Dialer.Dials);
    }

    [Theory]
    [InlineData("OPTIONS", "1", "0")]
    [InlineData("TRACE", "10", "9")]
    [InlineData("GET", "7", "7")]
    public async Task MaxForwards_IsCountedDown(string method, string sent, string received)
    {
        await using var peer = new HttpPeer();
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync($"{method} http://example.test/ HTTP/1.1\r\nHost: x\r\nMax-Forwards: {sent}\r\n\r\n");

        Assert.Equal(received, (await peer.NextAsync())["Max-Forwards"]);
    }

    [Fact]
    public async Task MaxForwardsOfNone_IsAnsweredHere()
    {
        await using var peer = new HttpPeer();
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("TRACE http://example.test/x HTTP/1.1\r\nHost: example.test\r\nMax-Forwards: 0\r\nCookie: secret\r\nAuthorization: secret\r\nX-Shown: 1\r\n\r\n");
        var trace = await HttpMessage.ReadAsync(client);
        await client.SendAsync("OPTIONS http://example.test/x HTTP/1.1\r\nHost: example.test\r\nMax-Forwards: 0\r\n\r\n");
        var options = await HttpMessage.ReadAsync(client);

        Assert.Equal("message/http", trace["Content-Type"]);
        Assert.StartsWith("TRACE http://example.test/x HTTP/1.1\r\n", trace.Body);
        Assert.Contains("X-Shown: 1\r\n", trace.Body);
        Assert.DoesNotContain("secret", trace.Body);
        Assert.Equal(200, options.Status);
        Assert.Equal(0, peer.AcceptedCount);
    }

    private static async Task<ForwardHost> StartAsync(TestServerSocket peer)
    {
        var host = await ForwardHost.StartAsync();
        host.Dialer.Map("example.test:80", peer.EndPoint);
        return host;
    }
}
