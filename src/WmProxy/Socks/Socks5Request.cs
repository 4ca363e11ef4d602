using System;
using WmProxy.Connectors;

namespace WmProxy.Socks;

/// <summary>A client's request, VER CMD RSV ATYP DST.ADDR DST.PORT (RFC 1928 section 4).</summary>
/// <param name="Command">What; any number.</param>
/// <param name="Target">Where. The port may be 0 where a client does not know it yet: UDP ASSOCIATE, BIND.</param>
internal readonly record struct Socks5Request(SocksCommand Command, ForwardTarget Target)
{
    /// <summary>The longest message.</summary>
    public const int MaxLength = HeadLength + Socks5Address.MaxLength;

    private const int HeadLength = 3;

    /// <param name="bytes">The bytes so far.</param>
    /// <param name="request">The request, when it is parsed.</param>
    /// <param name="length">Its length, when it is parsed.</param>
    /// <param name="refusal">How to answer it, when it is malformed.</param>
    public static SocksParseStatus TryParse(ReadOnlySpan<byte> bytes, out Socks5Request request, out int length, out Socks5Reply refusal)
    {
        (request, length, refusal) = (default, 0, Socks5Reply.GeneralFailure);
        if (bytes is [not Socks5Protocol.Version, ..] or [_, _, not 0, ..])
        {
            return SocksParseStatus.Malformed;
        }

        if (bytes.Length < HeadLength)
        {
            return SocksParseStatus.NeedMore;
        }

        switch (Socks5Address.TryMeasure(bytes[HeadLength..], out var addressLength))
        {
            case SocksParseStatus.NeedMore:
                return SocksParseStatus.NeedMore;
            case SocksParseStatus.Malformed:
                refusal = Socks5Reply.AddressTypeNotSupported;
                return SocksParseStatus.Malformed;
        }

        var command = (SocksCommand)bytes[1];
        if (!Socks5Address.TryRead(bytes.Slice(HeadLength, addressLength), out var target) || (target.Port == 0 && command == SocksCommand.Connect))
        {
            return SocksParseStatus.Malformed;
        }

        request = new Socks5Request(command, target);
        length = HeadLength + addressLength;
        return SocksParseStatus.Parsed;
    }

    /// <summary>Writes the request; returns its length.</summary>
    public int Write(Span<byte> destination)
    {
        (destination[0], destination[1], destination[2]) = (Socks5Protocol.Version, (byte)Command, 0);
        return HeadLength + Socks5Address.Write(destination[HeadLength..], Target);
    }
}
