using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Http1;
using WmProxy.Tests.Connections;

namespace WmProxy.Tests.Http1;

public sealed class HeadReaderTests
{
    private const string Request = "GET http://a/ HTTP/1.1\r\nHost: a\r\nX-Empty:\r\n\r\n";
    private const string Rest = "early\r\n\r\n\n";

    [Theory]
    [InlineData(Request, false)]
    [InlineData(Request, true)]
    [InlineData("\r\n", false)]
    [InlineData("\n", true)]
    [InlineData("a\r\r\n\r\n", false)]
    [InlineData("HTTP/1.1 200 OK\nA: b\r\nC: d\n\n", true)]
    [InlineData("HTTP/1.1 200 OK\r\nA: b\n\r\n", true)]
    public async Task Head_CutAnywhere_IsReadAlike_AndLeavesWhatFollows(string head, bool allowsBareLf)
    {
        var bytes = Encoding.Latin1.GetBytes(head + Rest);
        for (var cut = 0; cut < bytes.Length; cut++)
        {
            using var stream = cut == 0 ? ChunkedTransportStream.Dribble(bytes) : ChunkedTransportStream.Split(bytes, cut);

            var result = await HeadReader.ReadAsync(stream, 1000, allowsBareLf);

            Assert.Equal(HeadReadResult.Complete(head.Length), result);
            Assert.StartsWith(head, Encoding.Latin1.GetString(stream.Buffered.Span));
            stream.Consume(head.Length);
            Assert.Equal(Rest, await ReadToEndAsync(stream));
        }
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("GET http://a/ HTTP/1.1\nHost: a\r\n\r\n")]
    [InlineData("GET http://a/ HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n")]
    [InlineData("GET http://a/ HTTP/1.1\r\nHost: a\r\nX: 1\n\r\n")]
    [InlineData("GET http://a/ HTTP/1.1\r\nHost: a\r\n\n")]
    [InlineData("GET http://a/ HTTP/1.1\r\n\r\r\nHost: a\n\r\n")]
    public async Task BareLf_WhereItIsNotAllowed_IsTold_WhereverItIsCut(string head)
    {
        var bytes = Encoding.Latin1.GetBytes(head);
        for (var cut = 0; cut < bytes.Length; cut++)
        {
            using var stream = ChunkedTransportStream.Split(bytes, cut);

            var result = await HeadReader.ReadAsync(stream, 1000, allowsBareLf: false);

            Assert.Equal(HeadReadResult.BareLf, result);
            Assert.False(result.IsComplete || result.IsGone || result.IsNothing || result.IsTooLong);
        }
    }

    [Theory]
    [InlineData("", "end", nameof(HeadReadResult.Ended))]
    [InlineData("", "failure", nameof(HeadReadResult.Reset))]
    [InlineData("", "closed", nameof(HeadReadResult.Reset))]
    [InlineData("", "reset behind the end", nameof(HeadReadResult.Reset))]
    [InlineData("G", "end", nameof(HeadReadResult.Cut))]
    [InlineData("G", "failure", nameof(HeadReadResult.Cut))]
    [InlineData("G", "closed", nameof(HeadReadResult.Cut))]
    [InlineData("G", "reset behind the end", nameof(HeadReadResult.Cut))]
    [InlineData("GET http://a/ HTTP/1.1\r\nHost: a\r\n", "end", nameof(HeadReadResult.Cut))]
    [InlineData("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r", "end", nameof(HeadReadResult.Cut))]
    public async Task End_BeforeAHeadOrInIt_IsTold(string begun, string end, string expected)
    {
        using var stream = new ChunkedTransportStream([Encoding.ASCII.GetBytes(begun)], EndOf(end)) { IsReset = end == "reset behind the end" };

        var result = await HeadReader.ReadAsync(stream, 1000, allowsBareLf: false);

        Assert.Equal(expected, NameOf(result));
        Assert.Equal((begun.Length == 0, true), (result.IsNothing, result.IsGone));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(10_000)]
    public async Task HeadOfTheGreatestLength_IsTaken_OneMoreIsNot(int length)
    {
        var head = Encoding.ASCII.GetBytes(Request.Replace("X-Empty:", "X:" + new string('x', length - Request.Length + "X-Empty:".Length - 2)));
        Assert.Equal(length, head.Length);
        foreach (var cut in (int[])[0, 1, 100, 4096, length - 1])
        {
            var split = Math.Min(cut, length);
            using var taken = ChunkedTransportStream.Split([.. head, .. "more"u8], split);
            using var longer = ChunkedTransportStream.Split([.. head, .. "more"u8], split);

            Assert.Equal(HeadReadResult.Complete(length), await HeadReader.ReadAsync(taken, length, allowsBareLf: false));
            var result = await HeadReader.ReadAsync(longer, length - 1, allowsBareLf: false);
            Assert.True(result is { IsTooLong: true, IsComplete: false, IsGone: false, Length: 0 }, $"{length} cut at {split}");
            Assert.True(longer.Buffered.Length < length);
        }
    }

    [Fact]
    public async Task HeadThatIsTooLong_IsRefused_ThoughAllOfItIsThereAlready()
    {
        // What came with the content of the message before.
        using var stream = new ChunkedTransportStream([Encoding.ASCII.GetBytes(Request)]);
        await stream.FillBufferAsync(1000, CancellationToken.None);

        Assert.True((await HeadReader.ReadAsync(stream, Request.Length - 1, allowsBareLf: false)).IsTooLong);
        Assert.True((await HeadReader.ReadAsync(stream, Request.Length, allowsBareLf: false)).IsComplete);
    }

    private static Func<CancellationToken, ValueTask<int>>? EndOf(string end) => end switch
    {
        "failure" => static _ => ValueTask.FromException<int>(new IOException("reset", new SocketException((int)SocketError.ConnectionReset))),
        "closed" => static _ => ValueTask.FromException<int>(new ObjectDisposedException("stream")),
        _ => null,
    };

    private static string NameOf(HeadReadResult result) => result switch
    {
        _ when result == HeadReadResult.Ended => nameof(HeadReadResult.Ended),
        _ when result == HeadReadResult.Reset => nameof(HeadReadResult.Reset),
        _ when result == HeadReadResult.Cut => nameof(HeadReadResult.Cut),
        _ => result.ToString(),
    };

    private static async Task<string> ReadToEndAsync(ChunkedTransportStream stream)
    {
        var bytes = new List<byte>();
        var buffer = new byte[64];
        while (await stream.ReadAsync(buffer) is > 0 and var read)
        {
            bytes.AddRange(buffer.AsSpan(0, read));
        }

        return Encoding.Latin1.GetString([.. bytes]);
    }
}
