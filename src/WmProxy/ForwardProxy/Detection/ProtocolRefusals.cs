using System;
using System.Text;

namespace WmProxy.ForwardProxy.Detection;

/// <summary>What a client is told, in its own protocol, whose protocol is not spoken here.</summary>
internal static class ProtocolRefusals
{
    // RFC 1928 section 3: no acceptable methods.
    private static readonly byte[] Socks5 = [5, 0xFF];

    // SOCKS 4: request rejected or failed, with port and address, which mean nothing in it.
    private static readonly byte[] Socks4 = [0, 0x5B, 0, 0, 0, 0, 0, 0];

    private static readonly byte[] Connect = Http("403 Forbidden", "", "This proxy does not take CONNECT requests.\n");
    private static readonly byte[] HttpBesideConnect = Http("405 Method Not Allowed", "Allow: CONNECT\r\n", "This proxy takes CONNECT requests only.\n");
    private static readonly byte[] HttpBesideSocks = Http("403 Forbidden", "", "This proxy does not take HTTP requests.\n");

    /// <summary>The answer; empty for what has no protocol to answer in.</summary>
    /// <param name="protocol">What the client speaks.</param>
    /// <param name="takesConnect">Whether HTTP <c>CONNECT</c> is spoken.</param>
    public static ReadOnlyMemory<byte> Find(DetectedProtocol protocol, bool takesConnect) => protocol switch
    {
        DetectedProtocol.Socks4 => Socks4,
        DetectedProtocol.Socks5 => Socks5,
        DetectedProtocol.Connect => Connect,
        DetectedProtocol.Http => takesConnect ? HttpBesideConnect : HttpBesideSocks,
        _ => default,
    };

    private static byte[] Http(string status, string fields, string text) => Encoding.ASCII.GetBytes(
        $"HTTP/1.1 {status}\r\n{fields}Content-Type: text/plain\r\nContent-Length: {text.Length}\r\nConnection: close\r\n\r\n{text}");
}
