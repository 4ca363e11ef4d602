using System;
using System.Collections.Generic;
using System.Text;
using WmProxy.Http1;

namespace WmProxy.Tests.Http1;

public sealed class ChunkedDecoderTests
{
    private const string Trailers = "X: 1\r\n\r\nGET ";

    [Theory]
    [InlineData("0\r\n", "")]
    [InlineData("000\r\n", "")]
    [InlineData("0;last\r\n", "")]
    [InlineData("5\r\nhello\r\n0\r\n", "hello")]
    [InlineData("5\r\nhello\r\n1\r\n \r\n00005\r\nworld\r\n0\r\n", "hello world")]
    [InlineData("A\r\n0123456789\r\n0\r\n", "0123456789")]
    [InlineData("a\r\n0123456789\r\n0\r\n", "0123456789")]
    [InlineData("1F\r\n0123456789012345678901234567890\r\n0\r\n", "0123456789012345678901234567890")]
    [InlineData("8\r\n0\r\n\r\n5\r\n\r\n0\r\n", "0\r\n\r\n5\r\n")]
    [InlineData("000000000000005\r\nhello\r\n000000000000000\r\n", "hello")]
    [InlineData("5;a=b\r\nhello\r\n0\r\n", "hello")]
    [InlineData("5 \t; a=\"b;c\\\" \u00e9\"\r\nhello\r\n0\r\n", "hello")]
    [InlineData("5;\r\nhello\r\n0;\r\n", "hello")]
    [InlineData("5  \r\nhello\r\n0\t\r\n", "hello")]
    public void Chunks_CutAnywhere_AreReadAlike_AndLeaveTheTrailers(string body, string content)
    {
        var bytes = Encoding.Latin1.GetBytes(body + Trailers);
        for (var cut = 0; cut <= body.Length; cut++)
        {
            Assert.Equal((ChunkStatus.Last, content, body.Length), Decode(bytes, cut));
        }

        Assert.Equal((ChunkStatus.Last, content, body.Length), Decode(bytes, EveryByte(bytes)));
        for (var length = 0; length < body.Length; length++)
        {
            var (status, data, consumed) = Decode(bytes.AsSpan(0, length).ToArray(), length / 2);
            Assert.Equal((ChunkStatus.NeedMore, length), (status, consumed));
            Assert.StartsWith(data, content);
        }
    }

    // RFC 9112 section 7.1.
    [Theory]
    [InlineData("\r\n")]
    [InlineData("\n")]
    [InlineData(";a\r\n")]
    [InlineData(" 5\r\n")]
    [InlineData("g\r\n")]
    [InlineData("+5\r\n")]
    [InlineData("-1\r\n")]
    [InlineData("0x5\r\n")]
    [InlineData("5,\r\n")]
    [InlineData("5 5\r\n")]
    [InlineData("5 \t5;a\r\n")]
    [InlineData("5\0\r\n")]
    [InlineData("0000000000000005\r\n")]
    [InlineData("1000000000000000\r\n")]
    [InlineData("5\nhello\r\n")]
    [InlineData("5\r\r\n")]
    [InlineData("5\rhello")]
    [InlineData("5;a\nhello")]
    [InlineData("5;a\rb\r\n")]
    [InlineData("5;a\0\r\n")]
    [InlineData("5;\u007f\r\n")]
    [InlineData("5;\u001f\r\n")]
    [InlineData("5\r\nhello5\r\n")]
    [InlineData("5\r\nhello\n")]
    [InlineData("5\r\nhello\r\r\n")]
    [InlineData("5\r\nhello\r5")]
    [InlineData("5\r\nhello\r\n\r\n")]
    [InlineData("5\r\nhello\r\n 0\r\n")]
    [InlineData("0\n")]
    [InlineData("0\r\r")]
    public void WhatIsNoChunk_IsToldAsSuch_WhereverItIsCut(string body)
    {
        var bytes = Encoding.Latin1.GetBytes(body);
        var first = Decode(bytes, 0);
        Assert.Equal(ChunkStatus.Malformed, first.Status);
        for (var cut = 1; cut <= bytes.Length; cut++)
        {
            Assert.Equal(first, Decode(bytes, cut));
        }

        // What follows is never data.
        Assert.Equal(body.StartsWith("5\r\nhello", StringComparison.Ordinal) ? "hello" : "", first.Data);
    }

    [Theory]
    [InlineData(';', 4096, nameof(ChunkStatus.Data))]
    [InlineData(';', 4097, nameof(ChunkStatus.Malformed))]
    [InlineData(' ', 4096, nameof(ChunkStatus.Data))]
    [InlineData(' ', 4097, nameof(ChunkStatus.Malformed))]
    public void Extension_LongerThanAnybodyNeeds_IsMalformed(char first, int length, string expected)
    {
        var decoder = default(ChunkedDecoder);

        // Each chunk has its own.
        decoder.Read(Encoding.ASCII.GetBytes($"1;{new string('x', 4000)}\r\n"), out _, out _);
        decoder.Read("a"u8, out _, out _);
        var status = decoder.Read(Encoding.ASCII.GetBytes($"\r\n1{first}{new string(first == ';' ? 'x' : first, length)}\r\nb"), out _, out _);

        Assert.Equal(expected, status.ToString());
    }

    [Fact]
    public void SizeOfTheGreatestLength_IsCountedDown()
    {
        var decoder = default(ChunkedDecoder);

        Assert.Equal(ChunkStatus.Data, decoder.Read("fffffffffffffff\r\nabc"u8, out var consumed, out var data));
        Assert.Equal((20, 3), (consumed, data.Length));
        Assert.Equal(ChunkStatus.Data, decoder.Read("0\r\n\r\n"u8, out consumed, out data));
        Assert.Equal((5, 5), (consumed, data.Length));
    }

    [Fact]
    public void AfterTheLastChunk_ThereIsNoOther()
    {
        var decoder = default(ChunkedDecoder);

        Assert.Equal(ChunkStatus.Last, decoder.Read("0\r\n"u8, out _, out _));
        Assert.Equal(ChunkStatus.Malformed, decoder.Read("5\r\nhello"u8, out _, out var data));
        Assert.True(data.IsEmpty);
    }

    [Fact]
    public void AnyBytes_AreReadAlike_HoweverTheyAreSplit()
    {
        var random = new Random(20261126);
        var alphabet = "00112359aAfF\r\n\r\n\r\n; \tx\0\u00e9"u8.ToArray();
        var statuses = new HashSet<ChunkStatus>();
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = new byte[random.Next(1, 24)];
            for (var i = 0; i < bytes.Length; i++)
            {
                bytes[i] = round % 4 == 0 ? (byte)random.Next(256) : alphabet[random.Next(alphabet.Length)];
            }

            var whole = Decode(bytes, 0);

            Assert.Equal(whole, Decode(bytes, random.Next(bytes.Length)));
            Assert.Equal(whole, Decode(bytes, EveryByte(bytes)));
            statuses.Add(whole.Status);
        }

        Assert.Equal(3, statuses.Count);
    }

    private static int[] EveryByte(byte[] bytes)
    {
        var cuts = new int[bytes.Length];
        for (var i = 0; i < cuts.Length; i++)
        {
            cuts[i] = i;
        }

        return cuts;
    }

    private static (ChunkStatus Status, string Data, int Consumed) Decode(byte[] bytes, params int[] cuts)
    {
        var decoder = default(ChunkedDecoder);
        var (content, total) = (new StringBuilder(), 0);
        foreach (var end in (int[])[.. cuts, bytes.Length])
        {
            ChunkStatus status;
            do
            {
                status = decoder.Read(bytes.AsSpan(total, end - total), out var consumed, out var data);
                total += consumed;
                content.Append(Encoding.Latin1.GetString(data));
            }
            while (status == ChunkStatus.Data);

            if (status != ChunkStatus.NeedMore)
            {
                return (status, content.ToString(), total);
            }

            Assert.Equal(end, total);
        }

        return (ChunkStatus.NeedMore, content.ToString(), total);
    }
}
