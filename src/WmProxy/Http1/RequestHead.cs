using System;
using System.Text;

namespace WmProxy.Http1;

/// <summary>
/// The head of a request, read without any of the leniences that the RFCs allow: what two recipients read differently is how requests are smuggled.
/// </summary>
internal sealed class RequestHead : MessageHead
{
    /// <summary>The longest method that is taken; the longest that is registered has 17 characters (UPDATEREDIRECTREF, RFC 4437).</summary>
    public const int MaxMethodLength = 32;

    private int _methodLength;
    private int _targetLength;
    private int _hosts;

    /// <summary>The method; it is case-sensitive.</summary>
    public string Method { get; private set; } = "";

    /// <summary>The request-target, as the client wrote it.</summary>
    public ReadOnlySpan<byte> Target => Bytes.Slice(_methodLength + 1, _targetLength);

    /// <summary>The request line and all field lines, as they came.</summary>
    public ReadOnlySpan<byte> RequestLine => Bytes[..(_methodLength + 1 + _targetLength + 1 + "HTTP/1.1".Length)];

    /// <summary>Whether its client waits for a 100 (Continue) before it sends the content.</summary>
    public bool ExpectsContinue { get; private set; }

    /// <summary>Whether RFC 9110 section 9.2.2 lets it be sent again where nobody knows what became of it.</summary>
    public bool IsIdempotent => Method is "GET" or "HEAD" or "OPTIONS" or "TRACE" or "PUT" or "DELETE";

    /// <summary>Whether its client sends another request on the connection, as far as it says (RFC 9112 section 9.3).</summary>
    public bool KeepsAlive => IsHttp11 && (Options & ConnectionOptions.Close) == 0;

    /// <summary>Reads a whole head, its empty line included.</summary>
    public HeadError Parse(ReadOnlySpan<byte> head)
    {
        (_hosts, ExpectsContinue) = (0, false);
        var error = Read(head, isLenient: false);
        return error != HeadError.None ? error : Check();
    }

    protected override HeadError ReadStartLine(ReadOnlySpan<byte> line)
    {
        _methodLength = line.IndexOf((byte)' ');
        if (_methodLength is <= 0 or > MaxMethodLength || !FieldLine.IsToken(line[.._methodLength]))
        {
            return HeadError.StartLine;
        }

        var rest = line[(_methodLength + 1)..];
        _targetLength = rest.IndexOf((byte)' ');
        if (_targetLength <= 0)
        {
            return HeadError.StartLine;
        }

        Method = NameOfMethod(line[.._methodLength]);
        return ReadVersion(rest[(_targetLength + 1)..]);
    }

    protected override HeadError OnField(FieldKind kind, ReadOnlySpan<byte> value)
    {
        if (kind == FieldKind.Host)
        {
            return _hosts++ == 0 ? HeadError.None : HeadError.Host;
        }

        ExpectsContinue |= kind == FieldKind.Expect && FieldNames.Is(value, "100-continue"u8);
        return HeadError.None;
    }

    // RFC 9112 sections 3.2, 6.1 and 6.3.
    private HeadError Check()
    {
        if (IsHttp11 && _hosts == 0)
        {
            return HeadError.Host;
        }

        if (ContentLengths > 1)
        {
            return HeadError.ContentLength;
        }

        if (TransferEncodings > 0 && (TransferEncodings > 1 || ContentLengths > 0 || !IsHttp11))
        {
            return HeadError.TransferEncoding;
        }

        // RFC 9110 section 10.1.1: from a client of HTTP/1.0 it is to be ignored.
        ExpectsContinue &= IsHttp11;
        Framing = TransferEncodings > 0 ? BodyFraming.Chunked : ContentLengths > 0 ? BodyFraming.OfLength(ContentLength) : BodyFraming.None;
        return HeadError.None;
    }

    private static string NameOfMethod(ReadOnlySpan<byte> method)
    {
        foreach (var known in (ReadOnlySpan<string>)["GET", "CONNECT", "POST", "HEAD", "PUT", "OPTIONS", "DELETE", "PATCH", "TRACE"])
        {
            if (Ascii.Equals(method, known))
            {
                return known;
            }
        }

        return Encoding.ASCII.GetString(method);
    }
}
