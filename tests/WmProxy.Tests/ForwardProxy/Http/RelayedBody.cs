using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.ForwardProxy.Http;
using WmProxy.Http1;
using WmProxy.Relay;
using WmProxy.Tests.Connections;

namespace WmProxy.Tests.ForwardProxy.Http;

/// <summary>What <see cref="BodyRelay"/> has made of a message's content, read by other means than its own.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Output">What was written, without what was there before.</param>
/// <param name="Rest">What the source still has.</param>
/// <param name="Bytes">How many bytes of content it says there were.</param>
internal sealed record RelayedBody(BodyEnd End, string Output, string Rest, long Bytes)
{
    private const string Head = "head";

    /// <param name="source">Where it comes from.</param>
    /// <param name="framing">How its end is known.</param>
    /// <param name="asChunks">Whether it is passed on in chunks.</param>
    /// <param name="direction">Which way it goes.</param>
    /// <param name="takes">Whether what comes first is there together with the head.</param>
    public static async Task<RelayedBody> RunAsync(
        ChunkedTransportStream source, BodyFraming framing, bool asChunks, RelayDirection direction = RelayDirection.Down, bool takes = false)
    {
        using var connection = TestExchange.Connect();
        using var sink = new ChunkedTransportStream([]);
        var relay = new BodyRelay(connection, direction, source, framing, asChunks, limiter: null);
        var output = new OutputBuffer();
        if (takes)
        {
            await source.FillBufferAsync(64 * 1024, CancellationToken.None);
            output.Append("head"u8);
            relay.Take(output);
            await sink.WriteAsync(output.Written);
            output.Release();
        }

        var taken = sink.Written.Count;
        var end = await relay.RunAsync(sink, output);

        Assert.Equal(end == BodyEnd.Complete, relay.IsComplete);
        Assert.Equal(sink.Written.Count - taken, direction == RelayDirection.Down ? connection.BytesDown : connection.BytesUp);
        Assert.Equal(0, direction == RelayDirection.Down ? connection.BytesUp : connection.BytesDown);
        var text = Encoding.Latin1.GetString([.. sink.Written]);
        return new RelayedBody(end, takes ? text[Head.Length..] : text, await ReadToEndAsync(source), relay.Bytes);
    }

    /// <summary>The content, out of the chunks that it was written in; and the trailer section, which is <see langword="null"/> where there is no last chunk.</summary>
    public (string Content, string? Trailers) Dechunk()
    {
        var content = new StringBuilder();
        for (var at = 0; at < Output.Length;)
        {
            var line = Output.IndexOf("\r\n", at, StringComparison.Ordinal);
            var size = int.Parse(Output[at..line], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if (size == 0)
            {
                Assert.EndsWith("\r\n", Output);
                return (content.ToString(), Output[(line + 2)..^2]);
            }

            content.Append(Output.AsSpan(line + 2, size));
            at = line + 2 + size + 2;
            Assert.Equal("\r\n", Output[(at - 2)..at]);
        }

        return (content.ToString(), null);
    }

    private static async Task<string> ReadToEndAsync(ChunkedTransportStream source)
    {
        var rest = new List<byte>();
        var buffer = new byte[4096];
        try
        {
            while (await source.ReadAsync(buffer) is > 0 and var read)
            {
                rest.AddRange(buffer.Take(read));
            }
        }
        catch (System.IO.IOException)
        {
            // As the test has it.
        }

        return Encoding.Latin1.GetString([.. rest]);
    }
}
