using System;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Time.Testing;
using WmProxy.ForwardProxy.Http;
using WmProxy.Http1;

namespace WmProxy.Tests.ForwardProxy.Http;

public sealed partial class ForwardHeadWriterTests
{
    private const string Websocket = "Upgrade: websocket|Connection: Upgrade";
    private const string Date = "Date: Thu, 26 Nov 2026 01:02:03 GMT";

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 26, 1, 2, 3, 4, TimeSpan.Zero));
    private readonly ForwardHeadWriter _writer;

    public ForwardHeadWriterTests() => _writer = new ForwardHeadWriter(new ViaField(), _time);

    // Lines are told apart by bars.
    [Theory]
    [InlineData("", "Via: 1.1 me")]
    [InlineData("accept:a|X-A:  b\u00e9 |X-Empty:|accept: c", "accept: a|X-A: b\u00e9|X-Empty: |accept: c|Via: 1.1 me")]
    [InlineData("Cookie: a|Authorization: b|Trailer: c|Date: d|Expect: 100-continue", "Cookie: a|Authorization: b|Trailer: c|Date: d|Expect: 100-continue|Via: 1.1 me")]
    [InlineData("Connection: close", "Via: 1.1 me")]
    [InlineData("Connection: keep-alive, X-Hop|x-HOP: 1|X-Other: 2|Connection: ,x-third|X-Third: 3", "X-Other: 2|Via: 1.1 me")]
    [InlineData("X-Hop: 1|Connection: Cookie, X-Hop|Cookie: a", "Via: 1.1 me")]
    [InlineData("Connection: Host, Content-Length|Content-Length: 3", "Content-Length: 3|Via: 1.1 me")]
    [InlineData("Connection: Transfer-Encoding|Transfer-Encoding: Chunked|X: a", "X: a|Transfer-Encoding: chunked|Via: 1.1 me")]
    [InlineData("Connection: Via|Via: 1.0 a", "Via: 1.0 a, 1.1 me")]
    [InlineData("Keep-Alive: 1|HTTP2-Settings: x|Proxy-Connection: X|Proxy-Authorization: Basic x|Proxy-Any: 1|X: y", "X: y|Via: 1.1 me")]
    [InlineData("Via: 1.0 a|X: y|Via:|via: 1.1 b (c)", "X: y|Via: 1.0 a, 1.1 b (c), 1.1 me")]
    [InlineData("TE: gzip, Trailers|Connection: TE", "Via: 1.1 me|TE: trailers|Connection: TE")]
    [InlineData("TE: gzip", "Via: 1.1 me")]
    [InlineData("Max-Forwards: 5", "Max-Forwards: 5|Via: 1.1 me")]
    [InlineData(Websocket + "|Sec-WebSocket-Key: x", "Upgrade: websocket|Sec-WebSocket-Key: x|Via: 1.1 me|Connection: Upgrade")]
    [InlineData(Websocket + "|Content-Length: 0|TE: trailers", "Upgrade: websocket|Content-Length: 0|Via: 1.1 me|Connection: Upgrade")]
    [InlineData(Websocket + "|Content-Length: 3", "Content-Length: 3|Via: 1.1 me")]
    [InlineData(Websocket + "|Transfer-Encoding: chunked", "Transfer-Encoding: chunked|Via: 1.1 me")]
    [InlineData(Websocket + "|Upgrade: H2C", "Via: 1.1 me")]
    [InlineData("Upgrade: a, h2c ,b|Connection: Upgrade, HTTP2-Settings|HTTP2-Settings: x", "Via: 1.1 me")]
    [InlineData("Upgrade: a|Upgrade: b|Connection: x, uPGRADE", "Upgrade: a|Upgrade: b|Via: 1.1 me|Connection: Upgrade")]
    [InlineData("Upgrade: websocket", "Via: 1.1 me")]
    [InlineData("Upgrade: websocket|Proxy-Connection: upgrade", "Via: 1.1 me")]
    [InlineData("Connection: Upgrade", "Via: 1.1 me")]
    public void RequestFields_AsADestinationGetsThem(string fields, string expected) =>
        Assert.Equal($"GET /x?y HTTP/1.1|Host: a.test|{expected}||", WriteRequest("GET http://a.test/x?y HTTP/1.1", $"Host: b|{fields}"));

    [Theory]
    [InlineData("", "Via: 1.0 me")]
    [InlineData("Host: b|X: y", "X: y|Via: 1.0 me")]
    [InlineData("Expect: 100-continue|Upgrade: websocket|Connection: Upgrade", "Via: 1.0 me")]
    [InlineData("Content-Length: 3|Connection: keep-alive", "Content-Length: 3|Via: 1.0 me")]
    public void RequestOfHttp10_IsPassedOnInHttp11(string fields, string expected) =>
        Assert.Equal($"POST / HTTP/1.1|Host: a.test|{expected}||", WriteRequest("POST http://a.test HTTP/1.0", fields));

    // RFC 9112 sections 3.2.1 and 3.2.4.
    [Theory]
    [InlineData("GET", "http://a.test", "/", "a.test")]
    [InlineData("GET", "HTTP://A.test:8080/b/../c?d=http://e/", "/b/../c?d=http://e/", "A.test:8080")]
    [InlineData("GET", "http://a.test:?q", "/?q", "a.test")]
    [InlineData("GET", "http://a.test:80/", "/", "a.test:80")]
    [InlineData("PROPFIND", "http://[2001:DB8::1]//", "//", "[2001:DB8::1]")]
    [InlineData("OPTIONS", "http://a.test", "*", "a.test")]
    [InlineData("OPTIONS", "http://a.test/", "/", "a.test")]
    [InlineData("OPTIONS", "http://a.test?q", "/?q", "a.test")]
    public void Target_IsInOriginForm_AndHostIsItsAuthority(string method, string target, string path, string host) =>
        Assert.Equal($"{method} {path} HTTP/1.1|Host: {host}|Via: 1.1 me||", WriteRequest($"{method} {target} HTTP/1.1", "Host: evil.test"));

    [Theory]
    [InlineData("OPTIONS", "Max-Forwards: 5|X: y", 5, "X: y|Max-Forwards: 4")]
    [InlineData("TRACE", "Max-Forwards: 0010", 10, "Max-Forwards: 9")]
    [InlineData("TRACE", "Connection: Max-Forwards|Max-Forwards: 1", 1, "Max-Forwards: 0")]
    public void MaxForwards_IsOneLess(string method, string fields, int left, string expected) =>
        Assert.Equal($"{method} / HTTP/1.1|Host: a.test|{expected}|Via: 1.1 me||", WriteRequest($"{method} http://a.test/ HTTP/1.1", $"Host: b|{fields}", left));

    [Theory]
    [InlineData("HTTP/1.1 200 OK", "", Date + "|Via: 1.1 me")]
    [InlineData("HTTP/1.1 299 \u00e9", "Set-Cookie: a|X-A:b|set-cookie: c", "Set-Cookie: a|X-A: b|set-cookie: c|" + Date + "|Via: 1.1 me")]
    [InlineData("HTTP/1.1 200 OK", "Date: any|Age: 1", "Date: any|Age: 1|Via: 1.1 me")]
    [InlineData("HTTP/1.1 200 OK", "Connection: Date, X-Hop, close|X-Hop: 1|X: y", "X: y|" + Date + "|Via: 1.1 me")]
    [InlineData("HTTP/1.1 200 OK", "Keep-Alive: 1|Proxy-Authenticate: x|Proxy-Connection: x|Proxy-Status: x|TE: x|X: y|Date: d", "X: y|Date: d|Via: 1.1 me")]
    [InlineData("HTTP/1.1 200 OK", "Via: 1.0 a|Date: d|Via: 1.1 b", "Date: d|Via: 1.0 a, 1.1 b, 1.1 me")]
    [InlineData("HTTP/1.0 200 OK", "Date: d|Content-Length: 5", "Date: d|Content-Length: 5|Via: 1.0 me")]
    [InlineData("HTTP/1.1 200 OK", "Date: d|Connection: Content-Length|Content-Length: 5", "Date: d|Content-Length: 5|Via: 1.1 me")]
    [InlineData("HTTP/1.1 200 OK", "Content-Length: 05, 5|Date: d", "Content-Length: 05|Date: d|Via: 1.1 me")]
    [InlineData("HTTP/1.1 200 OK", "Content-Length: 5|Date: d|content-length: 5", "Content-Length: 5|Date: d|Via: 1.1 me")]
    [InlineData("HTTP/1.1 304 Not Modified", "Date: d|Content-Length: 5", "Date: d|Content-Length: 5|Via: 1.1 me")]
    [InlineData("HTTP/1.1 204 No Content", "Date: d|Content-Length: 5", "Date: d|Via: 1.1 me")]
    [InlineData("HTTP/1.1 200 OK", "Date: d|Upgrade: h2c|Connection: Upgrade", "Date: d|Via: 1.1 me")]
    [InlineData("HTTP/1.1 426 Upgrade", "Date: d|Upgrade: a|Content-Length: 0", "Date: d|Upgrade: a|Content-Length: 0|Via: 1.1 me|Connection: Upgrade")]
    [InlineData("HTTP/1.1 101 Switching", "Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Accept: x|Content-Length: 5", "Upgrade: websocket|Sec-WebSocket-Accept: x|Via: 1.1 me|Connection: Upgrade")]
    [InlineData("HTTP/1.1 100 Continue", "Connection: close|Content-Length: 5|X: y", "X: y|Via: 1.1 me")]
    [InlineData("HTTP/1.1 103 Early Hints", "Link: a|Transfer-Encoding: chunked", "Link: a|Via: 1.1 me")]
    public void ResponseFields_AsAClientGetsThem(string line, string fields, string expected) =>
        Assert.Equal($"HTTP/1.1 {line[9..]}|{expected}||", WriteResponse("GET http://a.test/ HTTP/1.1", $"{line}|{fields}"));

    // RFC 9110 section 8.6.
    [Theory]
    [InlineData("GET", "Transfer-Encoding: chunked", true, "Transfer-Encoding: chunked|")]
    [InlineData("GET", "Transfer-Encoding: chunked|Content-Length: 5", true, "Transfer-Encoding: chunked|")]
    [InlineData("GET", "", true, "Transfer-Encoding: chunked|")]
    [InlineData("GET", "Transfer-Encoding: chunked", false, "")]
    [InlineData("HEAD", "Transfer-Encoding: chunked", false, "")]
    public void Chunks_AreOfEachConnection(string method, string fields, bool asChunks, string expected) =>
        Assert.Equal(
            $"HTTP/1.1 200 OK|Date: d|Via: 1.1 me|{expected}|",
            WriteResponse($"{method} http://a.test/ HTTP/1.1", $"HTTP/1.1 200 OK|Date: d|{fields}", asChunks));

    [Theory]
    [InlineData(200, "Content-Length: 5|")]
    [InlineData(304, "Content-Length: 5|")]
    [InlineData(204, "")]
    public void LengthInTheAnswerToHead_IsThatOfTheContentThatGetHas(int status, string expected) =>
        Assert.Equal($"HTTP/1.1 {status} x|{expected}Date: d|Via: 1.1 me||", WriteResponse("HEAD http://a.test/ HTTP/1.1", $"HTTP/1.1 {status} x|Content-Length: 5|Date: d"));

    [Theory]
    [InlineData("HTTP/1.1 200 OK", "Content-Length: 0", "Content-Length: 0|Via: 1.1 me|Connection: close")]
    [InlineData("HTTP/1.1 426 Upgrade", "Upgrade: a|Content-Length: 0", "Upgrade: a|Content-Length: 0|Via: 1.1 me|Connection: Upgrade|Connection: close")]
    [InlineData("HTTP/1.1 101 Switching", "Upgrade: a", "Upgrade: a|Via: 1.1 me|Connection: Upgrade")]
    [InlineData("HTTP/1.1 103 Early Hints", "Link: a", "Link: a|Via: 1.1 me")]
    public void Close_IsToldWithTheLastResponse(string line, string fields, string expected) =>
        Assert.Equal(
            $"{line}|Date: d|{expected}||", WriteResponse("GET http://a.test/ HTTP/1.1", $"{line}|Date: d|{fields}", keepsAlive: false));

    // RFC 9112 section 4: the space stays, where a server leaves it out too.
    [Theory]
    [InlineData("HTTP/1.1 200")]
    [InlineData("HTTP/1.1 200 ")]
    public void StatusWithoutAReason_HasTheSpaceBehindIt(string line) =>
        Assert.Equal("HTTP/1.1 200 |Date: d|Via: 1.1 me||", WriteResponse("GET http://a.test/ HTTP/1.1", $"{line}|Date: d"));

    [Fact]
    public void Date_IsThatOfTheSecond()
    {
        const string Response = "HTTP/1.1 200 OK";
        Assert.Contains("01:02:03 GMT", WriteResponse("GET http://a.test/ HTTP/1.1", Response));
        _time.Advance(TimeSpan.FromMilliseconds(995));
        Assert.Contains("01:02:03 GMT", WriteResponse("GET http://a.test/ HTTP/1.1", Response));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Contains("01:02:04 GMT", WriteResponse("GET http://a.test/ HTTP/1.1", Response));
    }

    private string WriteRequest(string line, string fields, int? forwardsLeft = null)
    {
        var exchange = TestExchange.Of(Head($"{line}|{fields}"));
        exchange.ForwardsLeft = forwardsLeft;
        return Written(output => _writer.WriteRequest(output, exchange, ForwardHeadWriter.IsUpgrade(exchange.Request)));
    }

    private string WriteResponse(string requestLine, string response, bool asChunks = false, bool keepsAlive = true)
    {
        var exchange = TestExchange.Of(Head($"{requestLine}|Host: a"));
        exchange.KeepsAlive = keepsAlive;
        Assert.Equal(HeadError.None, exchange.Connection.Response.Parse(Encoding.Latin1.GetBytes(Head(response)), exchange.Request.Method == "HEAD"));
        return Written(output => _writer.WriteResponse(output, exchange, asChunks));
    }

    private static string Head(string lines) => lines.TrimEnd('|').Replace("|", "\r\n") + "\r\n\r\n";

    private static string Written(Action<OutputBuffer> write)
    {
        var output = new OutputBuffer();
        write(output);
        var text = Encoding.Latin1.GetString(output.Written.Span);
        output.Release();
        Assert.DoesNotContain("|", text);
        return Pseudonym.Replace(text, "me").Replace("\r\n", "|");
    }

    [GeneratedRegex("wmproxy-[0-9a-f]{12}")]
    private static partial Regex Pseudonym { get; }
}
