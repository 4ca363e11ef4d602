using System;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Http1;

namespace WmProxy.Connectors;

/// <summary>
/// Reads the head of the response to CONNECT (RFC 9112 sections 4 and 5) and not a byte more: what comes behind it is the target's already, whatever
/// <c>Content-Length</c> says (RFC 9110 section 9.3.6).
/// </summary>
internal static class ConnectResponseReader
{
    /// <summary>The longest head, interim ones before it included.</summary>
    public const int MaxLength = 16 * 1024;

    private const int FirstCapacity = 4096;

    private enum Progress
    {
        NeedMore,
        Parsed,
        Malformed,
    }

    /// <summary>Reads and consumes the final head. The time limit is the caller's.</summary>
    /// <returns>Its status code, or what is wrong with it.</returns>
    public static async ValueTask<(int StatusCode, string? Error)> ReadAsync(TransportStream stream, CancellationToken cancellationToken)
    {
        while (true)
        {
            switch (ParseFinal(stream.Buffered.Span, out var statusCode, out var length))
            {
                case Progress.Parsed:
                    stream.Consume(length);
                    return (statusCode, null);
                case Progress.Malformed:
                    return (0, "its answer to CONNECT is not HTTP/1.1");
            }

            var buffered = stream.Buffered.Length;
            if (buffered == MaxLength)
            {
                return (0, $"the head of its answer is longer than {MaxLength / 1024} KiB");
            }

            if (await stream.FillBufferAsync(buffered < FirstCapacity ? FirstCapacity : MaxLength, cancellationToken) == 0)
            {
                return (0, "it closed the connection before its answer was complete");
            }
        }
    }

    private static Progress ParseFinal(ReadOnlySpan<byte> bytes, out int statusCode, out int length)
    {
        length = 0;
        while (true)
        {
            var progress = ParseHead(bytes[length..], out statusCode, out var headLength);
            if (progress != Progress.Parsed)
            {
                return progress;
            }

            length += headLength;
            if (statusCode is < 100 or > 199 or 101)
            {
                return Progress.Parsed;
            }
        }
    }

    private static Progress ParseHead(ReadOnlySpan<byte> bytes, out int statusCode, out int length)
    {
        (statusCode, length) = (0, 0);
        while (true)
        {
            var rest = bytes[length..];
            var end = rest.IndexOf((byte)'\n');
            if (end == 0 || (end > 0 && rest[end - 1] != '\r'))
            {
                return Progress.Malformed;
            }

            var line = end < 0 ? (rest is [.., (byte)'\r'] ? rest[..^1] : rest) : rest[..(end - 1)];
            if (length == 0 && !ParseStatusLine(line, isWhole: end >= 0, out statusCode))
            {
                return Progress.Malformed;
            }

            if (end < 0)
            {
                return Progress.NeedMore;
            }

            var isFirst = length == 0;
            length += end + 1;
            if (line.IsEmpty)
            {
                return Progress.Parsed;
            }

            if (!isFirst && !FieldLine.TryParse(line, allowsSpace: false, out _))
            {
                return Progress.Malformed;
            }
        }
    }

    /// <summary>Whether it is one, or as far as it goes may become one, so that an SSH banner is not waited for to its end.</summary>
    private static bool ParseStatusLine(ReadOnlySpan<byte> line, bool isWhole, out int statusCode)
    {
        statusCode = 0;
        var form = "HTTP/1.0 000"u8;
        for (var i = 0; i < Math.Min(line.Length, form.Length); i++)
        {
            if (form[i] == '0' ? !char.IsAsciiDigit((char)line[i]) : line[i] != form[i])
            {
                return false;
            }
        }

        if (line.Length < form.Length)
        {
            return !isWhole;
        }

        statusCode = ((line[9] - '0') * 100) + ((line[10] - '0') * 10) + line[11] - '0';
        var reason = line[form.Length..];

        // The reason phrase may be missing, and with it, for many servers, the space before it.
        return statusCode >= 100 && (reason.IsEmpty || (reason[0] == ' ' && FieldLine.IsText(reason)));
    }
}
