using System.Globalization;
using System.Text;
using WmProxy.Http1;

namespace WmProxy.Tests.Http1;

public sealed class ResponseHeadTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK", nameof(HeadError.None), "200 OK")]
    [InlineData("HTTP/1.0 404 Not Found", nameof(HeadError.None), "404 Not Found")]
    [InlineData("HTTP/1.1 200 ", nameof(HeadError.None), "200 ")]
    [InlineData("HTTP/1.1 200", nameof(HeadError.None), "200")]
    [InlineData("HTTP/1.1 599 \u00e9\t!", nameof(HeadError.None), "599 \u00e9\t!")]
    [InlineData("HTTP/1.1 100 Continue", nameof(HeadError.None), "100 Continue")]
    [InlineData("HTTP/1.1 099 OK", nameof(HeadError.StartLine), null)]
    [InlineData("HTTP/1.1 20 OK", nameof(HeadError.StartLine), null)]
    [InlineData("HTTP/1.1 2000", nameof(HeadError.StartLine), null)]
    [InlineData("HTTP/1.1 2x0 OK", nameof(HeadError.StartLine), null)]
    [InlineData("HTTP/1.1 200\tOK", nameof(HeadError.StartLine), null)]
    [InlineData("HTTP/1.1 200 a\0b", nameof(HeadError.StartLine), null)]
    [InlineData("HTTP/1.1 200 a\rb", nameof(HeadError.StartLine), null)]
    [InlineData("HTTP/1.1  200 OK", nameof(HeadError.StartLine), null)]
    [InlineData("HTTP/1.1\t200 OK", nameof(HeadError.StartLine), null)]
    [InlineData("http/1.1 200 OK", nameof(HeadError.StartLine), null)]
    [InlineData("HTTP/1.x 200 OK", nameof(HeadError.StartLine), null)]
    [InlineData("HTTP/1.1", nameof(HeadError.StartLine), null)]
    [InlineData("ICY 200 OK", nameof(HeadError.StartLine), null)]
    [InlineData("SSH-2.0-OpenSSH_9.6", nameof(HeadError.StartLine), null)]
    [InlineData("", nameof(HeadError.StartLine), null)]
    [InlineData("HTTP/2.0 200 OK", nameof(HeadError.Version), null)]
    public void StatusLine_IsAccepted_AsTheRfcHasIt_ButForTheSpaceAtItsEnd(string line, string error, string? status)
    {
        var head = new ResponseHead();

        Assert.Equal(error, head.Parse(Bytes($"{line}\r\n\r\n"), isToHead: false).ToString());
        if (status is not null)
        {
            Assert.Equal(status, Encoding.Latin1.GetString(head.Status));
            Assert.Equal(int.Parse(status[..3], CultureInfo.InvariantCulture), head.StatusCode);
            Assert.Equal(line[7] == '1', head.IsHttp11);
        }
    }

    // RFC 9112 sections 2.2, 5.1 and 5.2.
    [Theory]
    [InlineData("X : a\r\n", "X", "a")]
    [InlineData("X \t: a\r\n", "X", "a")]
    [InlineData("X: a\r\n b\r\n", "X", "a   b")]
    [InlineData("X: a \r\n\t b \r\n  c\t\r\n", "X", "a   \t b     c")]
    [InlineData("X: a\r\n \r\n", "X", "a")]
    [InlineData("X: a\r\n \r\n b\r\n", "X", "a      b")]
    [InlineData("X:\r\n a\r\n", "X", "a")]
    [InlineData("X:\r\n \t\r\n", "X", "")]
    [InlineData("X: a\n b\n", "X", "a  b")]
    [InlineData("X: a\n", "X", "a")]
    public void WhatServersDoWrong_IsPutRight(string field, string name, string value)
    {
        foreach (var lineEnd in (string[])["\r\n", "\n"])
        {
            var head = Parse($"HTTP/1.1 200 OK{lineEnd}{field}Y: z{lineEnd}{lineEnd}");

            Assert.Equal(2, head.FieldCount);
            Assert.Equal((name, value), (Encoding.Latin1.GetString(head.NameOf(0)), Encoding.Latin1.GetString(head.ValueOf(0))));
            Assert.Equal("z", Encoding.Latin1.GetString(head.ValueOf(1)));
        }
    }

    [Theory]
    [InlineData(" X: a\r\n", nameof(HeadError.FieldLine))]
    [InlineData("X: a\r\n \0\r\n", nameof(HeadError.FieldLine))]
    [InlineData("X: a\r\n b\rc\r\n", nameof(HeadError.FieldLine))]
    [InlineData("X: a\rb\r\n", nameof(HeadError.FieldLine))]
    [InlineData("X Y: a\r\n", nameof(HeadError.FieldLine))]
    [InlineData(" : a\r\n", nameof(HeadError.FieldLine))]
    [InlineData("no colon\r\n", nameof(HeadError.FieldLine))]
    [InlineData("Content-Length: 1\r\n 2\r\n", nameof(HeadError.FieldLine))]
    [InlineData("Content-Length:\r\n 1\r\n", nameof(HeadError.ContentLength))]
    [InlineData("Transfer-Encoding: chunked\r\n \r\n", nameof(HeadError.FieldLine))]
    [InlineData("Connection: a\r\n close\r\n", nameof(HeadError.FieldLine))]
    [InlineData("Content-Length: 1\r\nContent-Length: 2\r\n", nameof(HeadError.ContentLength))]
    [InlineData("Content-Length: 1, 2\r\n", nameof(HeadError.ContentLength))]
    [InlineData("Content-Length: 1,\r\n", nameof(HeadError.ContentLength))]
    [InlineData("Content-Length: -1\r\n", nameof(HeadError.ContentLength))]
    [InlineData("Content-Length: 1000000000000000000\r\n", nameof(HeadError.ContentLength))]
    [InlineData("Transfer-Encoding: gzip\r\n", nameof(HeadError.TransferEncoding))]
    [InlineData("Transfer-Encoding: gzip, chunked\r\n", nameof(HeadError.TransferEncoding))]
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", nameof(HeadError.TransferEncoding))]
    public void WhatCannotBePutRight_IsAnError(string fields, string error) =>
        Assert.Equal(error, new ResponseHead().Parse(Bytes($"HTTP/1.1 200 OK\r\n{fields}\r\n"), isToHead: false).ToString());

    // RFC 9112 section 6.3.
    [Theory]
    [InlineData(200, "", false, nameof(BodyKind.UntilEnd), 0, false)]
    [InlineData(200, "Content-Length: 5\r\n", false, nameof(BodyKind.Length), 5, true)]
    [InlineData(200, "Content-Length: 0\r\n", false, nameof(BodyKind.Length), 0, true)]
    [InlineData(200, "Content-Length: 5, 05\r\nContent-Length: 5\r\n", false, nameof(BodyKind.Length), 5, true)]
    [InlineData(200, "Transfer-Encoding: CHUNKED\r\n", false, nameof(BodyKind.Chunked), 0, true)]
    [InlineData(200, "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", false, nameof(BodyKind.Chunked), 0, false)]
    [InlineData(200, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", false, nameof(BodyKind.Chunked), 0, false)]
    [InlineData(200, "Content-Length: 5\r\nConnection: close\r\n", false, nameof(BodyKind.Length), 5, false)]
    [InlineData(200, "Content-Length: 5\r\nProxy-Connection: close\r\n", false, nameof(BodyKind.Length), 5, false)]
    [InlineData(200, "", true, nameof(BodyKind.None), 0, true)]
    [InlineData(200, "Content-Length: 5\r\n", true, nameof(BodyKind.None), 0, true)]
    [InlineData(200, "Transfer-Encoding: chunked\r\n", true, nameof(BodyKind.None), 0, true)]
    [InlineData(204, "Content-Length: 5\r\n", false, nameof(BodyKind.None), 0, true)]
    [InlineData(204, "Transfer-Encoding: chunked\r\n", false, nameof(BodyKind.None), 0, true)]
    [InlineData(205, "", false, nameof(BodyKind.UntilEnd), 0, false)]
    [InlineData(304, "Content-Length: 5\r\n", false, nameof(BodyKind.None), 0, true)]
    [InlineData(304, "Connection: close\r\n", false, nameof(BodyKind.None), 0, false)]
    [InlineData(100, "Content-Length: 5\r\n", false, nameof(BodyKind.None), 0, true)]
    [InlineData(101, "", false, nameof(BodyKind.None), 0, true)]
    [InlineData(103, "Transfer-Encoding: chunked\r\n", false, nameof(BodyKind.None), 0, true)]
    public void Framing_AndWhetherAnotherMessageMayFollow(int status, string fields, bool isToHead, string kind, long length, bool keepsAlive)
    {
        foreach (var version in (string[])["1.1", "1.0"])
        {
            var head = Parse($"HTTP/{version} {status} x\r\n{fields}\r\n", isToHead);

            Assert.Equal((kind, length), (head.Framing.Kind.ToString(), head.Framing.Length));
            Assert.Equal(keepsAlive && version == "1.1", head.KeepsAlive);
            Assert.Equal(status is 100 or 103, head.IsInterim);
        }
    }

    [Fact]
    public void HeadAfterAnother_HasNothingOfIt()
    {
        var head = Parse("HTTP/1.0 404 Not\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n");

        Assert.Equal(HeadError.None, head.Parse("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"u8, isToHead: false));
        Assert.Equal((200, 1, BodyFraming.OfLength(6), true), (head.StatusCode, head.FieldCount, head.Framing, head.KeepsAlive));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 12\r\nX: a\r\n b\r\nConnection: close, x\r\n\r\n")]
    [InlineData("HTTP/1.1 304 \nTransfer-Encoding: chunked\nX : a\r\n\tb\n c\r\n\n")]
    public void AnyBytes_AreAnswered_NeverThrownAt(string text)
    {
        var (head, good, bad) = (new ResponseHead(), 0, 0);
        foreach (var mutated in MutatedHeads.Of(text, rounds: 5000, allowsBareLf: true))
        {
            if (head.Parse(mutated, isToHead: false) != HeadError.None)
            {
                bad++;
                continue;
            }

            good++;
            Assert.InRange(head.StatusCode, 100, 999);
            Assert.True(FieldLine.IsText(head.Status));
            Assert.True(head.Framing.Length >= 0);
            MutatedHeads.AssertFieldsAreClean(head);
        }

        Assert.True(good > 500 && bad > 500, $"{good} good, {bad} bad");
    }

    private static ResponseHead Parse(string head, bool isToHead = false)
    {
        var parsed = new ResponseHead();
        Assert.Equal(HeadError.None, parsed.Parse(Bytes(head), isToHead));
        return parsed;
    }

    private static byte[] Bytes(string head) => Encoding.Latin1.GetBytes(head);
}
