using System;
using System.Text;
using System.Threading.Tasks;
using WmProxy.ForwardProxy.Connect;
using WmProxy.Tests.Connections;

namespace WmProxy.Tests.ForwardProxy.Connect;

public sealed class ConnectHeadReaderTests
{
    private const string Head =
        "CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\nProxy-Authorization: bASIC  YWxpY2U6YTpi\r\nX-Empty:\r\n\r\n";

    [Fact]
    public async Task Head_CutAnywhere_IsReadAlike_AndLeavesWhatFollows()
    {
        var bytes = Encoding.ASCII.GetBytes(Head + "early");
        for (var cut = 1; cut < bytes.Length; cut++)
        {
            using var stream = ChunkedTransportStream.Split(bytes, cut);

            var result = await ConnectHeadReader.ReadAsync(stream);

            Assert.True(result.IsComplete, $"cut at {cut}");
            Assert.Equal("[2001:db8::1]:8443", result.Head.Target.ToString());
            Assert.Equal("alice"u8.ToArray(), result.Head.Credentials!.User);
            Assert.Equal("a:b"u8.ToArray(), result.Head.Credentials.Password);
            Assert.True(result.Head.KeepsAlive);
            Assert.True("early"u8.StartsWith(stream.Buffered.Span));
        }
    }

    [Theory]
    [InlineData("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", null)]
    [InlineData("CONNECT a:1 HTTP/1.0\r\n\r\n", null)]
    [InlineData("CONNECT a:1 HTTP/1.1\r\nHost: a\r\nPROXY-connection: a, Close\r\n\r\n", null)]
    [InlineData("CONNECT  a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    [InlineData("CONNECT a:1  HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    [InlineData("CONNECT a:1 HTTP/1.1 \r\nHost: a\r\n\r\n", 400)]
    [InlineData("CONNECT a:1 http/1.1\r\nHost: a\r\n\r\n", 400)]
    [InlineData("CONNECT a:1 HTTP/1.x\r\nHost: a\r\n\r\n", 400)]
    [InlineData("CONNECT a:1\r\nHost: a\r\n\r\n", 400)]
    [InlineData("CONNECT a:1 HTTP/2.0\r\nHost: a\r\n\r\n", 505)]
    [InlineData("CONNECT a:1 HTTP/1.1\n\n", 400)]
    [InlineData("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\n", 400)]
    [InlineData("CONNECT a:1 HTTP/1.1\r\r\nHost: a\r\n\r\n", 400)]
    [InlineData("CONNECT a:1 HTTP/1.1\r\n: a\r\nHost: a\r\n\r\n", 400)]
    [InlineData("CONNECT a:1 HTTP/1.1\r\nHost: a\r\nX: \u007f\r\n\r\n", 400)]
    [InlineData("CONNECT a..b:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    [InlineData("CONNECT .:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    [InlineData("CONNECT :1 HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    [InlineData("CONNECT \u00e4:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    public async Task Head_IsAccepted_OnlyAsTheRfcHasIt(string head, int? status)
    {
        using var stream = new ChunkedTransportStream([Encoding.Latin1.GetBytes(head)]);

        var result = await ConnectHeadReader.ReadAsync(stream);

        Assert.Equal(status, result.Error?.Status);
        Assert.Equal(status is null, result.IsComplete);
    }

    [Fact]
    public async Task NameOfTheGreatestLength_IsTaken_OneMoreIsNot()
    {
        var label = new string('a', 63);
        var longest = $"{label}.{label}.{label}.{label[..61]}";
        using var taken = new ChunkedTransportStream([Encoding.ASCII.GetBytes($"CONNECT {longest}:65535 HTTP/1.1\r\nHost:\r\n\r\n")]);
        using var longer = new ChunkedTransportStream([Encoding.ASCII.GetBytes($"CONNECT a{longest}:65535 HTTP/1.1\r\nHost:\r\n\r\n")]);

        Assert.True((await ConnectHeadReader.ReadAsync(taken)).IsComplete);
        Assert.Equal(400, (await ConnectHeadReader.ReadAsync(longer)).Error?.Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("CON")]
    [InlineData("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n")]
    public async Task EndWithinAHead_IsTheClientsLeaving(string head)
    {
        using var stream = new ChunkedTransportStream([Encoding.ASCII.GetBytes(head)]);

        var result = await ConnectHeadReader.ReadAsync(stream);

        Assert.False(result.IsComplete);
        Assert.Null(result.Error);
        Assert.False(result.IsOtherMethod);
    }

    [Fact]
    public async Task AnotherMethod_IsLeftToOthers()
    {
        using var stream = new ChunkedTransportStream(["GET http://a/ HTTP/1.1\r\n"u8.ToArray()]);

        Assert.True((await ConnectHeadReader.ReadAsync(stream)).IsOtherMethod);
        Assert.Equal((byte)'G', stream.Buffered.Span[0]);
    }

    [Fact]
    public async Task AnyBytes_AreAnswered_NeverThrownAt()
    {
        var random = new Random(20261125);
        for (var round = 0; round < 5000; round++)
        {
            var bytes = Encoding.ASCII.GetBytes(Head);
            for (var change = random.Next(1, 4); change > 0; change--)
            {
                bytes[random.Next("CONNECT ".Length, bytes.Length)] = (byte)random.Next(256);
            }

            var cut = random.Next(1, bytes.Length);
            using var stream = ChunkedTransportStream.Split(bytes, cut);

            var result = await ConnectHeadReader.ReadAsync(stream);

            if (result.IsComplete)
            {
                Assert.InRange(result.Head.Target.Port, 1, 65535);
                Assert.DoesNotContain(result.Head.Target.Host, char.IsControl);
            }
        }
    }
}
