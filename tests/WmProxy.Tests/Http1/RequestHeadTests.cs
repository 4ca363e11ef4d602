using System;
using System.Linq;
using System.Text;
using WmProxy.Http1;

namespace WmProxy.Tests.Http1;

public sealed class RequestHeadTests
{
    private const string Line = "GET http://a/ HTTP/1.1";

    [Theory]
    [InlineData("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n", nameof(HeadError.None))]
    [InlineData("CONNECT a:1 HTTP/1.0\r\n", nameof(HeadError.None))]
    [InlineData("CONNECT a:1 HTTP/1.2\r\nHost: a\r\n", nameof(HeadError.None))]
    [InlineData("CONNECT a:1 HTTP/1.1\r\nHost: a\r\nPROXY-connection: a, Close\r\n", nameof(HeadError.None))]
    [InlineData("CONNECT  a:1 HTTP/1.1\r\nHost: a\r\n", nameof(HeadError.StartLine))]
    [InlineData("CONNECT a:1  HTTP/1.1\r\nHost: a\r\n", nameof(HeadError.StartLine))]
    [InlineData("CONNECT a:1 HTTP/1.1 \r\nHost: a\r\n", nameof(HeadError.StartLine))]
    [InlineData("CONNECT a:1 http/1.1\r\nHost: a\r\n", nameof(HeadError.StartLine))]
    [InlineData("CONNECT a:1 HTTP/1.x\r\nHost: a\r\n", nameof(HeadError.StartLine))]
    [InlineData("CONNECT a:1 HTTP/1.10\r\nHost: a\r\n", nameof(HeadError.StartLine))]
    [InlineData("CONNECT a:1 HTTP/1,1\r\nHost: a\r\n", nameof(HeadError.StartLine))]
    [InlineData("CONNECT a:1\tHTTP/1.1\r\nHost: a\r\n", nameof(HeadError.StartLine))]
    [InlineData("CONNECT a:1\r\nHost: a\r\n", nameof(HeadError.StartLine))]
    [InlineData("CONNECT a:1 HTTP/2.0\r\nHost: a\r\n", nameof(HeadError.Version))]
    [InlineData("CONNECT a:1 HTTP/0.9\r\nHost: a\r\n", nameof(HeadError.Version))]
    [InlineData("CONNECT a:1 HTTP/1.1\r\r\nHost: a\r\n", nameof(HeadError.StartLine))]
    [InlineData("", nameof(HeadError.StartLine))]
    [InlineData(" a HTTP/1.1\r\nHost: a\r\n", nameof(HeadError.StartLine))]
    [InlineData("G(T a HTTP/1.1\r\nHost: a\r\n", nameof(HeadError.StartLine))]
    [InlineData("G\u00e4T a HTTP/1.1\r\nHost: a\r\n", nameof(HeadError.StartLine))]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF a HTTP/1.1\r\nHost: a\r\n", nameof(HeadError.None))]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG a HTTP/1.1\r\nHost: a\r\n", nameof(HeadError.StartLine))]
    public void RequestLine_IsAccepted_OnlyAsTheRfcHasIt(string head, string error) => Assert.Equal(error, new RequestHead().Parse(Bytes(head)).ToString());

    [Theory]
    [InlineData("Host: a\r\nContent-Length: 18446744073709551616\r\n", nameof(HeadError.ContentLength))]
    [InlineData("Host: a\r\nContent-Length: 1000000000000000000\r\n", nameof(HeadError.ContentLength))]
    [InlineData("Host: a\r\nContent-Length: 1, 1\r\n", nameof(HeadError.ContentLength))]
    [InlineData("Host: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n", nameof(HeadError.ContentLength))]
    [InlineData("Host: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n", nameof(HeadError.ContentLength))]
    [InlineData("Host: a\r\nContent-Length: 1,\r\n", nameof(HeadError.ContentLength))]
    [InlineData("Host: a\r\nContent-Length: +1\r\n", nameof(HeadError.ContentLength))]
    [InlineData("Host: a\r\nContent-Length: -1\r\n", nameof(HeadError.ContentLength))]
    [InlineData("Host: a\r\nContent-Length: 0x1\r\n", nameof(HeadError.ContentLength))]
    [InlineData("Host: a\r\nContent-Length: 1 1\r\n", nameof(HeadError.ContentLength))]
    [InlineData("Host: a\r\nContent-Length:\r\n", nameof(HeadError.ContentLength))]
    [InlineData("Host: a\r\nTransfer-Encoding: identity\r\n", nameof(HeadError.TransferEncoding))]
    [InlineData("Host: a\r\nTransfer-Encoding: gzip, chunked\r\n", nameof(HeadError.TransferEncoding))]
    [InlineData("Host: a\r\nTransfer-Encoding: chunked, chunked\r\n", nameof(HeadError.TransferEncoding))]
    [InlineData("Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", nameof(HeadError.TransferEncoding))]
    [InlineData("Host: a\r\nTransfer-Encoding: chunked;q=1\r\n", nameof(HeadError.TransferEncoding))]
    [InlineData("Host: a\r\nTransfer-Encoding:\r\n", nameof(HeadError.TransferEncoding))]
    [InlineData("Host: a\r\nTransfer-Encoding: \u000bchunked\r\n", nameof(HeadError.FieldLine))]
    [InlineData("Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", nameof(HeadError.TransferEncoding))]
    [InlineData("Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n", nameof(HeadError.TransferEncoding))]
    [InlineData("Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\nX: " + Line + "\r\nHost: a\r\n", nameof(HeadError.Host))]
    [InlineData("Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\nX:" + Line + "\r\n", nameof(HeadError.TransferEncoding))]
    [InlineData("", nameof(HeadError.Host))]
    [InlineData("Host: a\r\nhost: a\r\n", nameof(HeadError.Host))]
    [InlineData("Host: a\r\nX: 1\rY: 2\r\n", nameof(HeadError.FieldLine))]
    [InlineData("Host: a\r\nX: 1\r\r\n", nameof(HeadError.FieldLine))]
    [InlineData("Host: a\r\nX: \u007f\r\n", nameof(HeadError.FieldLine))]
    [InlineData("Host: a\r\nX: a\0b\r\n", nameof(HeadError.FieldLine))]
    [InlineData("Host: a\r\nX: a\r\n b\r\n", nameof(HeadError.FieldLine))]
    [InlineData("Host: a\r\nX: a\r\n\tb\r\n", nameof(HeadError.FieldLine))]
    [InlineData(" X: a\r\nHost: a\r\n", nameof(HeadError.FieldLine))]
    [InlineData("Host : a\r\n", nameof(HeadError.FieldLine))]
    [InlineData(": a\r\nHost: a\r\n", nameof(HeadError.FieldLine))]
    [InlineData("X Y: a\r\nHost: a\r\n", nameof(HeadError.FieldLine))]
    [InlineData("no colon\r\nHost: a\r\n", nameof(HeadError.FieldLine))]
    public void WhatTwoRecipientsMayReadDifferently_IsAnError(string fields, string error) =>
        Assert.Equal(error, new RequestHead().Parse(Bytes($"{Line}\r\n{fields}")).ToString());

    // RFC 9112 section 6.3.
    [Theory]
    [InlineData("1.1", "Host: a\r\n", nameof(BodyKind.None), 0)]
    [InlineData("1.0", "", nameof(BodyKind.None), 0)]
    [InlineData("1.1", "Host: a\r\ncontent-length:0\r\n", nameof(BodyKind.Length), 0)]
    [InlineData("1.1", "Host: a\r\nContent-Length: \t0042 \r\n", nameof(BodyKind.Length), 42)]
    [InlineData("1.0", "Content-Length: 999999999999999999\r\n", nameof(BodyKind.Length), 999_999_999_999_999_999)]
    [InlineData("1.1", "Host: a\r\nTRANSFER-encoding: Chunked\r\n", nameof(BodyKind.Chunked), 0)]
    [InlineData("1.2", "Host: a\r\nTransfer-Encoding: chunked\r\n", nameof(BodyKind.Chunked), 0)]
    public void Framing_IsThatOfTheFields(string version, string fields, string kind, long length)
    {
        var head = Parse($"POST http://a/ HTTP/{version}\r\n{fields}");

        Assert.Equal((kind, length), (head.Framing.Kind.ToString(), head.Framing.Length));
        Assert.Equal(length > 0 || kind == nameof(BodyKind.Chunked), head.Framing.HasContent);
    }

    [Fact]
    public void TransferEncoding_OfHttp10_IsAnError() =>
        Assert.Equal(HeadError.TransferEncoding, new RequestHead().Parse(Bytes("POST http://a/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n")));

    [Theory]
    [InlineData("1.1", "", "None", true)]
    [InlineData("1.0", "", "None", false)]
    [InlineData("1.0", "Connection: keep-alive\r\n", "KeepAlive", false)]
    [InlineData("1.1", "Connection: keep-alive, X-Hop\r\ncOnnection: cLose\r\n", "Close, KeepAlive, Names", false)]
    [InlineData("1.1", "Connection: ,\t,x-hop , \r\n", "Names", true)]
    [InlineData("1.1", "Connection:\r\n", "None", true)]
    [InlineData("1.1", "Connection: closed, \"close\"\r\n", "Names", true)]
    [InlineData("1.1", "Connection: Upgrade\r\n", "Upgrade", true)]
    [InlineData("1.1", "Proxy-Connection: a, Close\r\n", "Close", false)]
    [InlineData("1.1", "Proxy-Connection: upgrade, x-hop, Keep-Alive\r\n", "KeepAlive", true)]
    public void EveryValueOfConnection_Counts(string version, string fields, string options, bool keepsAlive)
    {
        var head = Parse($"GET http://a/ HTTP/{version}\r\nHost: a\r\n{fields}");

        Assert.Equal((options, keepsAlive), (head.Options.ToString(), head.KeepsAlive));
    }

    [Theory]
    [InlineData("Connection: X-Hop", true)]
    [InlineData("Connection: close,\tx-HOP ,y", true)]
    [InlineData("Connection: a\r\nConnection: x-hop", true)]
    [InlineData("Connection: X-Hop2, X-Ho, \"X-Hop\"", false)]
    [InlineData("Proxy-Connection: X-Hop", false)]
    [InlineData("Connection: Host, Content-Length", false)]
    public void Nominated_AreFieldsThatConnectionNames_ButNoneThatFramesOrRoutes(string connection, bool isNominated)
    {
        var head = Parse($"{Line}\r\nHost: a\r\nContent-Length: 1\r\nX-Hop: 1\r\n{connection}\r\n");

        Assert.Equal([false, false, isNominated], Enumerable.Range(0, 3).Select(head.IsNominated));
    }

    [Theory]
    [InlineData("GET", true)]
    [InlineData("HEAD", true)]
    [InlineData("OPTIONS", true)]
    [InlineData("TRACE", true)]
    [InlineData("PUT", true)]
    [InlineData("DELETE", true)]
    [InlineData("POST", false)]
    [InlineData("PATCH", false)]
    [InlineData("CONNECT", false)]
    [InlineData("get", false)]
    [InlineData("PROPFIND", false)]
    public void Method_IsCaseSensitive_AndTellsWhatMayBeSentAgain(string method, bool isIdempotent)
    {
        var head = Parse($"{method} http://a/?q HTTP/1.1\r\nHost: a\r\n");

        Assert.Equal((method, isIdempotent), (head.Method, head.IsIdempotent));
        Assert.Equal("http://a/?q", Text(head.Target));
        Assert.Equal($"{method} http://a/?q HTTP/1.1", Text(head.RequestLine));
    }

    [Theory]
    [InlineData("1.1", "100-Continue", true)]
    [InlineData("1.0", "100-continue", false)]
    [InlineData("1.1", "100-continue2", false)]
    [InlineData("1.1", "", false)]
    public void ExpectsContinue_OnlyOfHttp11(string version, string value, bool expected) =>
        Assert.Equal(expected, Parse($"PUT http://a/ HTTP/{version}\r\nHost: a\r\nExpect: {value}\r\n").ExpectsContinue);

    [Theory]
    [InlineData("X", 255, nameof(HeadError.None))]
    [InlineData("X", 256, nameof(HeadError.TooManyFields))]
    [InlineData("Connection", 64, nameof(HeadError.None))]
    [InlineData("Connection", 65, nameof(HeadError.TooManyFields))]
    public void Fields_AreBounded(string name, int count, string error) => Assert.Equal(
        error, new RequestHead().Parse(Bytes($"{Line}\r\nHost: a\r\n{string.Concat(Enumerable.Repeat($"{name}: x\r\n", count))}")).ToString());

    [Theory]
    [InlineData(64, nameof(HeadError.None))]
    [InlineData(65, nameof(HeadError.TooManyFields))]
    public void OptionsOfOneField_AreBounded(int count, string error) =>
        Assert.Equal(error, new RequestHead().Parse(Bytes($"{Line}\r\nHost: a\r\nConnection: {string.Join(',', Enumerable.Repeat("x", count))}\r\n")).ToString());

    [Fact]
    public void Fields_AreKeptAsTheyCame_WithoutWhiteSpaceAround()
    {
        var head = Parse($"{Line}\r\nhOST: a\r\nX-A:\t b\u00e9 c \t\r\nX-Empty:  \r\nX:y:z\r\n");

        Assert.Equal(
            [("hOST", "a"), ("X-A", "b\u00e9 c"), ("X-Empty", ""), ("X", "y:z")],
            Enumerable.Range(0, head.FieldCount).Select(i => (Text(head.NameOf(i)), Text(head.ValueOf(i)))));
    }

    [Fact]
    public void HeadAfterAnother_HasNothingOfIt()
    {
        var head = Parse("PUT http://a/ HTTP/1.0\r\nHost: a\r\nExpect: x\r\nConnection: close, x\r\nContent-Length: 5\r\n");
        head.Parse(Bytes($"{Line}\r\nHost: a\r\nHost: b\r\nExpect: 100-continue\r\n"));

        Assert.Equal(HeadError.None, head.Parse(Bytes($"{Line}\r\nHost: b\r\n")));
        Assert.Equal(("GET", 1, ConnectionOptions.None, BodyFraming.None), (head.Method, head.FieldCount, head.Options, head.Framing));
        Assert.True(head.KeepsAlive);
        Assert.False(head.ExpectsContinue);
        Assert.Equal("b", Text(head.ValueOf(0)));
        head.Release();
        Assert.Equal(0, head.FieldCount);
    }

    [Theory]
    [InlineData("CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\nProxy-Authorization: bASIC  YWxpY2U6YTpi\r\nX-Empty:\r\n\r\n")]
    [InlineData("POST http://a/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: x, close\r\n\r\n")]
    [InlineData("POST http://a/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")]
    public void AnyBytes_AreAnswered_NeverThrownAt(string text)
    {
        var (head, good, bad) = (new RequestHead(), 0, 0);
        foreach (var mutated in MutatedHeads.Of(text, rounds: 5000, allowsBareLf: false))
        {
            if (head.Parse(mutated) != HeadError.None)
            {
                bad++;
                continue;
            }

            good++;
            Assert.True(FieldLine.IsToken(Bytes(head.Method).AsSpan(0, head.Method.Length)));
            Assert.Equal(0, head.Target.IndexOf((byte)' ') + 1);
            Assert.True(head.Framing.Length >= 0);
            MutatedHeads.AssertFieldsAreClean(head);
        }

        Assert.True(good > 500 && bad > 500, $"{good} good, {bad} bad");
    }

    private static RequestHead Parse(string head)
    {
        var parsed = new RequestHead();
        Assert.Equal(HeadError.None, parsed.Parse(Bytes(head)));
        return parsed;
    }

    private static byte[] Bytes(string head) => Encoding.Latin1.GetBytes(head + "\r\n");

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
