using System;

namespace WmProxy.Http1;

/// <summary>The head of a response. What servers are known to do wrong without harm is put right (RFC 9112 sections 2.2, 5.1 and 5.2).</summary>
internal sealed class ResponseHead : MessageHead
{
    // "HTTP/1.1 200".
    private const int ReasonStart = 12;

    private int _lineLength;

    public int StatusCode { get; private set; }

    /// <summary>Status code and reason phrase: <c>200 OK</c>.</summary>
    public ReadOnlySpan<byte> Status => Bytes[(ReasonStart - 3).._lineLength];

    /// <summary>Whether it is an interim one (RFC 9110 section 15.2), after which another comes.</summary>
    public bool IsInterim => StatusCode is >= 100 and < 200 and not 101;

    /// <summary>Whether another request may be sent on the connection once this message has ended.</summary>
    public bool KeepsAlive => IsHttp11
        && (Options & ConnectionOptions.Close) == 0
        && Framing.Kind != BodyKind.UntilEnd

        // RFC 9112 section 6.3: somebody may have tried something.
        && (TransferEncodings == 0 || ContentLengths == 0);

    /// <summary>Reads a whole head, its empty line included.</summary>
    /// <param name="head">The bytes.</param>
    /// <param name="isToHead">Whether it answers <c>HEAD</c>, so that it has no content whatever it says.</param>
    public HeadError Parse(ReadOnlySpan<byte> head, bool isToHead)
    {
        var error = Read(head, isLenient: true);
        if (error != HeadError.None)
        {
            return error;
        }

        // RFC 9112 section 6.3.
        Framing = isToHead || StatusCode is (>= 100 and < 200) or 204 or 304 ? BodyFraming.None
            : TransferEncodings > 0 ? BodyFraming.Chunked
            : ContentLengths > 0 ? BodyFraming.OfLength(ContentLength)
            : BodyFraming.UntilEnd;
        return TransferEncodings > 1 ? HeadError.TransferEncoding : HeadError.None;
    }

    protected override HeadError ReadStartLine(ReadOnlySpan<byte> line)
    {
        _lineLength = line.Length;
        if (line.Length < ReasonStart || line[8] != ' ' || line[9..ReasonStart].ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            return HeadError.StartLine;
        }

        StatusCode = ((line[9] - '0') * 100) + ((line[10] - '0') * 10) + line[11] - '0';
        var reason = line[ReasonStart..];
        if (StatusCode < 100 || !(reason.IsEmpty || (reason[0] == ' ' && FieldLine.IsText(reason))))
        {
            return HeadError.StartLine;
        }

        return ReadVersion(line[..8]);
    }
}
