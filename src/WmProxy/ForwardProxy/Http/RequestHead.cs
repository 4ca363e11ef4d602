using System;
using System.Collections.Generic;
using System.Text;

namespace WmProxy.ForwardProxy.Http;

/// <summary>
/// The head of a request as it came. Kestrel, which has parsed it already, is lenient with what two recipients may read differently, and keeps of
/// <c>Connection</c> only what it acts upon.
/// </summary>
internal sealed class RequestHead
{
    // More digits than any content has bytes.
    private const int MaxLengthDigits = 18;

    private readonly List<string> _connection = [];
    private int _hosts;
    private int _contentLengths;
    private int _transferEncodings;

    private RequestHead()
    {
    }

    /// <summary>The values of <c>Connection</c>.</summary>
    public IReadOnlyList<string> Connection => _connection;

    /// <summary>What is wrong with it, for its client; <see langword="null"/> for nothing.</summary>
    public string? Error { get; private set; }

    /// <param name="bytes">What Kestrel has consumed, which ends with the head. What a request before it left unread may stand in front.</param>
    /// <param name="requestLine">The request line as Kestrel has understood it.</param>
    public static RequestHead Parse(ReadOnlySpan<byte> bytes, string requestLine)
    {
        var head = new RequestHead();
        var start = FindStart(bytes, Encoding.Latin1.GetBytes(requestLine + "\r\n"));
        if (start < 0)
        {
            head.Error = "The request line is malformed.";
            return head;
        }

        var rest = bytes[(start + requestLine.Length + 2)..];
        while (!rest.SequenceEqual("\r\n"u8))
        {
            var end = rest.IndexOf("\r\n"u8);
            if (end < 0 || !FieldLine.TryParse(rest[..end], out var field))
            {
                // RFC 9112 section 2.2: Kestrel may take a bare LF for a line end.
                head.Error = "A field line is malformed.";
                return head;
            }

            head.Add(field);
            rest = rest[(end + 2)..];
        }

        head.Error ??= head.Check(requestLine.EndsWith("1.1", StringComparison.Ordinal));
        return head;
    }

    private static int FindStart(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> line)
    {
        // No field line reads like one, so the last line that does is the request line.
        var start = bytes.LastIndexOf(line);
        while (start > 0 && bytes[start - 1] != '\n')
        {
            start = bytes[..(start + line.Length - 1)].LastIndexOf(line);
        }

        return start;
    }

    private void Add(FieldLine field)
    {
        if (field.Is("Connection"u8))
        {
            _connection.Add(Encoding.Latin1.GetString(field.Value));
        }
        else if (field.Is("Host"u8))
        {
            _hosts++;
            if (!field.Value.IsEmpty && !Authority.TryParse(Encoding.Latin1.GetString(field.Value), defaultPort: 80, out _))
            {
                Error = "The Host field is not valid.";
            }
        }
        else if (field.Is("Content-Length"u8))
        {
            _contentLengths++;
            if (field.Value.Length is 0 or > MaxLengthDigits || field.Value.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            {
                Error = "The Content-Length is not valid.";
            }
        }
        else if (field.Is("Transfer-Encoding"u8))
        {
            _transferEncodings++;
            if (!Ascii.EqualsIgnoreCase(field.Value, "chunked"u8))
            {
                Error = "The only Transfer-Encoding is chunked.";
            }
        }
    }

    // RFC 9112 sections 3.2 and 6.3.
    private string? Check(bool isHttp11) =>
        (isHttp11 ? _hosts != 1 : _hosts > 1) ? "A request has one Host field."
        : _contentLengths + _transferEncodings > 1 ? "A request has one Content-Length or one Transfer-Encoding."
        : _transferEncodings > 0 && !isHttp11 ? "HTTP/1.0 has no Transfer-Encoding."
        : null;
}
