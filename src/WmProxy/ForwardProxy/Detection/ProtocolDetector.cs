using System;
using WmProxy.Http1;

namespace WmProxy.ForwardProxy.Detection;

/// <summary>Tells protocols apart by their first bytes. More bytes never change an answer, so it does not matter how they are cut.</summary>
internal static class ProtocolDetector
{
    private const byte Socks4Version = 4;
    private const byte Socks5Version = 5;

    // RFC 8446 section 5.1: the content type of a record that holds handshake messages.
    private const byte TlsHandshake = 22;

    /// <summary>Looks at <paramref name="bytes"/>, all that came so far.</summary>
    /// <param name="bytes">The bytes from the first of the connection.</param>
    /// <param name="skip">How many of them stand before the request: empty lines, which a server should pass over (RFC 9112 section 2.2).</param>
    public static DetectedProtocol Detect(ReadOnlySpan<byte> bytes, out int skip)
    {
        skip = 0;
        if (bytes.IsEmpty)
        {
            return DetectedProtocol.Undecided;
        }

        switch (bytes[0])
        {
            case Socks4Version:
                return DetectedProtocol.Socks4;
            case Socks5Version:
                return DetectedProtocol.Socks5;
            case TlsHandshake:
                return DetectedProtocol.Tls;
        }

        while (bytes[skip..] is [(byte)'\r', (byte)'\n', ..])
        {
            skip += 2;
        }

        return bytes[skip..] is [] or [(byte)'\r'] ? DetectedProtocol.Undecided : DetectHttp(bytes[skip..]);
    }

    private static DetectedProtocol DetectHttp(ReadOnlySpan<byte> bytes)
    {
        var length = bytes.IndexOfAnyExcept(FieldLine.TokenBytes);
        if (length < 0)
        {
            return bytes.Length <= RequestHead.MaxMethodLength ? DetectedProtocol.Undecided : DetectedProtocol.Unknown;
        }

        if (length is 0 or > RequestHead.MaxMethodLength || bytes[length] != (byte)' ')
        {
            return DetectedProtocol.Unknown;
        }

        // Methods are case-sensitive (RFC 9110 section 9.1).
        return bytes[..length] switch
        {
            var method when method.SequenceEqual("CONNECT"u8) => DetectedProtocol.Connect,
            var method when method.SequenceEqual("PRI"u8) => DetectedProtocol.Http2,
            _ => DetectedProtocol.Http,
        };
    }
}
