using System;
using System.Net;
using WmProxy.Connectors;

namespace WmProxy.Socks;

/// <summary>The reply to a request, VER REP RSV ATYP BND.ADDR BND.PORT (RFC 1928 section 6).</summary>
/// <param name="Reply">What became of it; any number.</param>
/// <param name="Bound">The address that the server uses; meaningful only after a success. The port may be 0, and the address unspecified.</param>
internal readonly record struct Socks5Response(Socks5Reply Reply, ForwardTarget Bound)
{
    /// <summary>The longest message.</summary>
    public const int MaxLength = HeadLength + Socks5Address.MaxLength;

    private const int HeadLength = 3;

    /// <summary>Reads a server's reply. An address that is no host name is an empty one: most clients have no use for it, and many servers send none.</summary>
    /// <param name="bytes">The bytes so far.</param>
    /// <param name="response">The reply, when it is parsed.</param>
    /// <param name="length">Its length, when it is parsed.</param>
    public static SocksParseStatus TryParse(ReadOnlySpan<byte> bytes, out Socks5Response response, out int length)
    {
        (response, length) = (default, 0);
        if (bytes is [not Socks5Protocol.Version, ..])
        {
            return SocksParseStatus.Malformed;
        }

        if (bytes.Length < HeadLength)
        {
            return SocksParseStatus.NeedMore;
        }

        var status = Socks5Address.TryMeasure(bytes[HeadLength..], out var addressLength);
        if (status == SocksParseStatus.Parsed)
        {
            var isName = Socks5Address.TryRead(bytes.Slice(HeadLength, addressLength), out var bound);
            response = new Socks5Response((Socks5Reply)bytes[1], isName ? bound : new ForwardTarget("", null, 0));
            length = HeadLength + addressLength;
        }

        return status;
    }

    /// <summary>Writes a reply; returns its length.</summary>
    /// <param name="destination">Room for <see cref="MaxLength"/> bytes.</param>
    /// <param name="reply">What became of the request.</param>
    /// <param name="bound">The address that is used; <see langword="null"/> for none, written as 0.0.0.0:0.</param>
    public static int Write(Span<byte> destination, Socks5Reply reply, IPEndPoint? bound)
    {
        (destination[0], destination[1], destination[2]) = (Socks5Protocol.Version, (byte)reply, 0);
        return HeadLength + Socks5Address.Write(destination[HeadLength..], bound?.Address ?? IPAddress.Any, bound?.Port ?? 0);
    }
}
