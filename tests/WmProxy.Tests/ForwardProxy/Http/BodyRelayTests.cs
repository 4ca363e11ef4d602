using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Connections;
using WmProxy.ForwardProxy.Http;
using WmProxy.Http1;
using WmProxy.Relay;
using WmProxy.Relay.Bandwidth;
using WmProxy.Tests.Common;
using WmProxy.Tests.Connections;

namespace WmProxy.Tests.ForwardProxy.Http;

public sealed class BodyRelayTests
{
    private const string Content = "hello \r\n0\r\n\r\n world";
    private const string Chunks = "6;a=b\r\nhello \r\n0D\r\n\r\n0\r\n\r\n world\r\n0\r\n";
    private const string Trailers = "X-Sum: 1\r\nX-Other:\t2 \r\n";

    // UntilEnd has nothing behind it.
    [Theory]
    [InlineData("length", false, Content, "next")]
    [InlineData("chunked", true, Chunks + "\r\n", "next")]
    [InlineData("chunked", false, Chunks + "\r\n", "next")]
    [InlineData("chunked", true, Chunks + Trailers + "\r\n", "next")]
    [InlineData("chunked", false, Chunks + Trailers + "\r\n", "next")]
    [InlineData("end", true, Content, "")]
    [InlineData("end", false, Content, "")]
    public async Task Content_CutAnywhere_IsPassedOnAlike_AndLeavesWhatFollows(string framing, bool asChunks, string body, string next)
    {
        var bytes = Bytes(body + next);
        for (var cut = 0; cut < bytes.Length; cut++)
        {
            foreach (var takes in (bool[])[false, true])
            {
                using var source = cut == 0 ? ChunkedTransportStream.Dribble(bytes) : ChunkedTransportStream.Split(bytes, cut);

                var relayed = await RelayedBody.RunAsync(source, Framing(framing, Content.Length), asChunks, takes: takes);

                Assert.Equal((BodyEnd.Complete, next, Content.Length), (relayed.End, relayed.Rest, relayed.Bytes));
                if (asChunks)
                {
                    Assert.Equal((Content, body.Contains("X-Sum", StringComparison.Ordinal) ? "X-Sum: 1\r\nX-Other: 2\r\n" : ""), relayed.Dechunk());
                }
                else
                {
                    Assert.Equal(Content, relayed.Output);
                }
            }
        }
    }

    [Theory]
    [InlineData("none")]
    [InlineData("length")]
    public async Task NoContent_IsComplete_AndNothingIsRead(string framing)
    {
        using var source = ChunkedTransportStream.Silent(Bytes("next"));
        using var connection = TestExchange.Connect();
        using var sink = new ChunkedTransportStream([]);
        var relay = new BodyRelay(connection, RelayDirection.Up, source, Framing(framing, 0), asChunks: false, limiter: null);
        var output = new OutputBuffer();

        Assert.True(relay.IsComplete);
        relay.Take(output);
        Assert.Equal(BodyEnd.Complete, await relay.RunAsync(sink, output));
        Assert.True(await relay.DiscardAsync(output, 0));
        Assert.Equal((0, 0, 0), (source.Received, output.Length, sink.Written.Count));
    }

    [Theory]
    [InlineData("length", false, Content)]
    [InlineData("chunked", true, Chunks + Trailers + "\r\n")]
    [InlineData("chunked", false, Chunks + Trailers + "\r\n")]
    public async Task Content_ThatBreaksOffAnywhere_IsNeverWhole(string framing, bool asChunks, string body)
    {
        for (var length = 0; length < body.Length; length++)
        {
            foreach (var failure in (Exception?[])[null, new IOException("reset")])
            {
                var bytes = Bytes(body[..length]);
                using var source = failure is null ? new ChunkedTransportStream([bytes]) : ChunkedTransportStream.Failing(failure, bytes);

                AssertIsCut(await RelayedBody.RunAsync(source, Framing(framing, Content.Length), asChunks, takes: length % 2 == 1 && failure is null), BodyEnd.SourceFailed, asChunks);
            }
        }
    }

    [Theory]
    [InlineData("failure")]
    [InlineData("reset behind the end")]
    public async Task ContentUntilTheEnd_IsCutByAFailure(string end)
    {
        foreach (var asChunks in (bool[])[true, false])
        {
            using var source = end == "failure"
                ? ChunkedTransportStream.Failing(new IOException("reset"), Bytes(Content))
                : new ChunkedTransportStream([Bytes(Content)]) { IsReset = true };

            AssertIsCut(await RelayedBody.RunAsync(source, BodyFraming.UntilEnd, asChunks), BodyEnd.SourceFailed, asChunks);
        }
    }

    [Theory]
    [InlineData("x")]
    [InlineData("\r\n")]
    [InlineData("6\nhello ")]
    [InlineData("6\r\nhello x")]
    [InlineData("6\r\nhello \n0\r\n\r\n")]
    [InlineData("6\r\nhello \r\n\r\n")]
    [InlineData("6\r\nhello \r\n0\r\nno colon\r\n\r\n")]
    [InlineData("6\r\nhello \r\n0\r\nX: a\n\r\n")]
    [InlineData("6\r\nhello \r\n0\r\n\n")]
    [InlineData("6\r\nhello \r\n0\r\nX: a\0\r\n\r\n")]
    [InlineData("6\r\nhello \r\n0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    public async Task MalformedContent_IsToldAsSuch_WhereverItIsCut(string body)
    {
        for (var cut = 0; cut < body.Length; cut++)
        {
            foreach (var asChunks in (bool[])[true, false])
            {
                using var source = ChunkedTransportStream.Split(Bytes(body), cut);

                AssertIsCut(await RelayedBody.RunAsync(source, BodyFraming.Chunked, asChunks, takes: cut % 2 == 0), BodyEnd.Malformed, asChunks);
            }
        }
    }

    // What a client sends is read strictly, what a server sends is put right.
    [Theory]
    [InlineData("X: a\r\n b\r\n", "X: a   b\r\n")]
    [InlineData("X : a\r\n", "X: a\r\n")]
    public async Task Trailers_AreReadAsTheHeadIs(string trailers, string expected)
    {
        using var up = new ChunkedTransportStream([Bytes($"0\r\n{trailers}\r\n")]);
        using var down = new ChunkedTransportStream([Bytes($"0\r\n{trailers}\r\n")]);

        Assert.Equal(BodyEnd.Malformed, (await RelayedBody.RunAsync(up, BodyFraming.Chunked, asChunks: true, RelayDirection.Up)).End);
        Assert.Equal(("", expected), (await RelayedBody.RunAsync(down, BodyFraming.Chunked, asChunks: true, RelayDirection.Down)).Dechunk());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Trailers_ThatFrameOrRouteOrAreOfTheConnection_EndHere(bool asChunks)
    {
        const string Section = "A: 1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: b\r\nB: 2\r\nConnection: C\r\nAuthorization: x\r\nProxy-Authorization: x\r\nDate: d\r\nC:\r\n";
        using var source = new ChunkedTransportStream([Bytes($"1\r\na\r\n0\r\n{Section}\r\nnext")]);

        var relayed = await RelayedBody.RunAsync(source, BodyFraming.Chunked, asChunks, RelayDirection.Up);

        Assert.Equal((BodyEnd.Complete, "next", 1), (relayed.End, relayed.Rest, relayed.Bytes));
        Assert.Equal(asChunks ? "1\r\na\r\n0\r\nA: 1\r\nB: 2\r\nDate: d\r\nC: \r\n\r\n" : "a", relayed.Output);
    }

    [Theory]
    [InlineData(16 * 1024, nameof(BodyEnd.Complete))]
    [InlineData((16 * 1024) + 1, nameof(BodyEnd.Malformed))]
    public async Task Trailers_AreBounded(int length, string expected)
    {
        var section = $"X: {new string('x', length - 7)}\r\n\r\n";
        foreach (var cut in (int[])[0, 3, 5, 5000])
        {
            using var source = ChunkedTransportStream.Split(Bytes($"0\r\n{section}next"), cut);

            Assert.Equal(expected, (await RelayedBody.RunAsync(source, BodyFraming.Chunked, asChunks: true, takes: cut == 3)).End.ToString());
        }
    }

    [Theory]
    [InlineData("length", false)]
    [InlineData("chunked", true)]
    [InlineData("end", true)]
    public async Task SinkThatFails_EndsIt(string framing, bool asChunks)
    {
        using var source = new ChunkedTransportStream([Bytes(framing == "chunked" ? Chunks + "\r\n" : Content)]);
        using var connection = TestExchange.Connect();
        using var sink = new ChunkedTransportStream([]) { WriteFailure = new IOException("reset") };
        var relay = new BodyRelay(connection, RelayDirection.Down, source, Framing(framing, Content.Length), asChunks, limiter: null);

        var output = new OutputBuffer();
        Assert.Equal(BodyEnd.SinkFailed, await relay.RunAsync(sink, output));
        Assert.Equal(0, connection.BytesDown);

        // Nothing of it is there for the message that uses the buffer next.
        Assert.Equal(0, output.Length);
    }

    [Theory]
    [InlineData("length", 100_000, 100_000, true)]
    [InlineData("length", 300_000, 100_000, false)]
    [InlineData("chunked", 100_000, 100_000, true)]
    [InlineData("chunked", 300_000, 100_000, false)]
    public async Task Discard_ReadsUpToItsBound(string framing, int length, int most, bool expected)
    {
        var content = new string('x', length);
        using var source = new ChunkedTransportStream([Bytes(framing == "chunked" ? $"{length:x}\r\n{content}\r\n0\r\n{Trailers}\r\nnext" : content + "next")]);
        using var connection = TestExchange.Connect();
        var relay = new BodyRelay(connection, RelayDirection.Up, source, Framing(framing, length), asChunks: false, limiter: null);
        var output = new OutputBuffer();

        Assert.Equal((expected, expected), (await relay.DiscardAsync(output, most), relay.IsComplete));

        Assert.Equal((0, 0), (output.Length, connection.BytesUp));
        Assert.InRange(source.Received, Math.Min(length, most), most + (128 * 1024));
        if (expected)
        {
            Assert.Equal("next", Encoding.Latin1.GetString(source.Buffered.Span));
        }
    }

    [Theory]
    [InlineData("length", "hello")]
    [InlineData("chunked", "6\r\nhello")]
    [InlineData("chunked", "6\r\nhello \r\n0\r\nX: a\r\n")]
    [InlineData("chunked", "6\r\nhello \r\n0\r\nno colon\r\n\r\n")]
    [InlineData("chunked", "6\r\nhello x")]
    public async Task Discard_OfWhatBreaksOffOrIsMalformed_LetsNothingFollow(string framing, string body)
    {
        foreach (var cut in Enumerable.Range(0, body.Length))
        {
            using var source = ChunkedTransportStream.Split(Bytes(body), cut);
            using var connection = TestExchange.Connect();
            var relay = new BodyRelay(connection, RelayDirection.Up, source, Framing(framing, 6), asChunks: false, limiter: null);

            Assert.False(await relay.DiscardAsync(new OutputBuffer(), 1000));
        }
    }

    [Theory]
    [InlineData("length", false)]
    [InlineData("chunked", true)]
    [InlineData("chunked", false)]
    [InlineData("end", true)]
    public async Task LimitedContent_GoesOnAsItMay(string framing, bool asChunks)
    {
        var time = new FakeTimeProvider();
        using var limiter = new BandwidthLimiter(8 * 1024, time);
        var content = new string('x', 40_000);
        var body = framing == "chunked" ? $"{content.Length:x}\r\n{content}\r\n0\r\n\r\n" : content;
        using var source = new ChunkedTransportStream([Bytes(body)]);
        using var connection = TestExchange.Connect();
        using var sink = new ChunkedTransportStream([]);
        var relay = new BodyRelay(connection, RelayDirection.Down, source, Framing(framing, content.Length), asChunks, limiter);
        var output = new OutputBuffer();
        relay.Take(output);
        Assert.Equal((0, 0), (output.Length, source.Received));

        var running = relay.RunAsync(sink, output);

        // The burst, and the rest as time goes by.
        Assert.InRange(relay.Bytes, (16 * 1024) - 10, 16 * 1024);
        var steps = 0;
        for (; !running.IsCompleted; steps++)
        {
            Assert.Equal(1, limiter.Waiting);
            time.Advance(TimeSpan.FromMilliseconds(500));
            await Deadline.PollAsync(() => Task.FromResult(limiter.Waiting == 1 || running.IsCompleted));
        }

        Assert.InRange(steps, 6, 7);
        Assert.Equal(BodyEnd.Complete, await running);
        Assert.Equal(content.Length, relay.Bytes);
    }

    [Fact]
    public async Task LimitedContent_OfAConnectionThatIsEnded_GoesNoFurther()
    {
        using var limiter = new BandwidthLimiter(8 * 1024, new FakeTimeProvider());
        using var source = new ChunkedTransportStream([new byte[40_000]]);
        using var connection = TestExchange.Connect();
        using var sink = new ChunkedTransportStream([]);
        var running = new BodyRelay(connection, RelayDirection.Down, source, BodyFraming.OfLength(40_000), asChunks: false, limiter).RunAsync(sink, new OutputBuffer());
        Assert.False(running.IsCompleted);

        connection.Cancel(ConnectionEndReason.Killed);

        Assert.Equal(BodyEnd.SourceFailed, await running);
        Assert.Equal(16 * 1024, sink.Written.Count);
    }

    [Fact]
    public async Task Fuzz_WhatComesOut_IsWhatWentIn()
    {
        var random = new Random(20261126);
        for (var round = 0; round < 4000; round++)
        {
            var content = new byte[random.Next(round % 200 == 0 ? 200_000 : 400)];
            random.NextBytes(content);
            var text = Encoding.Latin1.GetString(content);
            var framing = ((string[])["length", "chunked", "end"])[random.Next(3)];
            var asChunks = framing != "length" && random.Next(2) == 0;
            var (body, trailers) = framing == "chunked" ? Chunk(text, random) : (text, "");
            var next = framing == "end" ? "" : "next";
            var isCut = framing != "end" && body.Length > 0 && random.Next(4) == 0;
            using var source = new ChunkedTransportStream(Split(Bytes(isCut ? body[..random.Next(body.Length)] : body + next), random));

            var relayed = await RelayedBody.RunAsync(source, Framing(framing, content.Length), asChunks, takes: random.Next(2) == 0);

            var seen = asChunks ? relayed.Dechunk() : (Content: relayed.Output, Trailers: trailers);
            Assert.Equal(seen.Content.Length, relayed.Bytes);
            if (isCut)
            {
                Assert.Equal(BodyEnd.SourceFailed, relayed.End);
                Assert.StartsWith(seen.Content, text, StringComparison.Ordinal);
                Assert.True(!asChunks || seen.Trailers is null, $"round {round}");
                continue;
            }

            Assert.Equal((BodyEnd.Complete, next), (relayed.End, relayed.Rest));
            Assert.True(seen == (text, trailers), $"round {round}");
        }
    }

    private static void AssertIsCut(RelayedBody relayed, BodyEnd end, bool asChunks)
    {
        Assert.Equal(end, relayed.End);
        var (content, trailers) = asChunks ? relayed.Dechunk() : (relayed.Output, null);
        Assert.StartsWith(content, Content, StringComparison.Ordinal);
        Assert.Null(trailers);
    }

    private static BodyFraming Framing(string framing, int length) => framing switch
    {
        "none" => BodyFraming.None,
        "length" => BodyFraming.OfLength(length),
        "chunked" => BodyFraming.Chunked,
        _ => BodyFraming.UntilEnd,
    };

    private static (string Body, string Trailers) Chunk(string content, Random random)
    {
        var (body, trailers) = (new StringBuilder(), new StringBuilder());
        for (var at = 0; at < content.Length;)
        {
            var size = random.Next(1, Math.Min(content.Length - at, random.Next(2) == 0 ? 20 : 100_000) + 1);
            body.Append(Size(size, random)).Append("\r\n").Append(content.AsSpan(at, size)).Append("\r\n");
            at += size;
        }

        body.Append(Size(0, random)).Append("\r\n");
        for (var count = random.Next(3); count > 0; count--)
        {
            trailers.Append(System.Globalization.CultureInfo.InvariantCulture, $"X-{count}: {random.Next()}\r\n");
        }

        return (body.Append(trailers).Append("\r\n").ToString(), trailers.ToString());
    }

    private static string Size(int size, Random random)
    {
        var digits = size.ToString(random.Next(2) == 0 ? "x" : "X", System.Globalization.CultureInfo.InvariantCulture).PadLeft(random.Next(1, 9), '0');
        return digits + random.Next(4) switch
        {
            0 => ";a=b",
            1 => " ; a = \"0;\"",
            2 => "\t ",
            _ => "",
        };
    }

    private static IEnumerable<byte[]> Split(byte[] bytes, Random random)
    {
        var most = random.Next(3) switch
        {
            0 => 3,
            1 => 100,
            _ => 100_000,
        };
        if (bytes.Length > 10_000)
        {
            most = 100_000;
        }

        for (var at = 0; at < bytes.Length;)
        {
            var size = Math.Min(bytes.Length - at, random.Next(1, most + 1));
            yield return bytes[at..(at + size)];
            at += size;
        }
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}
