using System;
using System.Buffers.Binary;
using System.Net;
using WmProxy.Connectors;

namespace WmProxy.Socks;

/// <summary>
/// A client's request, VN CD DSTPORT DSTIP USERID NULL, or with an address 0.0.0.x and a name behind it
/// (https://www.openssh.com/txt/socks4.protocol, https://www.openssh.com/txt/socks4a.protocol).
/// </summary>
/// <param name="Command">What; any number.</param>
/// <param name="Target">Where. The port may be 0 for BIND.</param>
internal readonly record struct Socks4Request(SocksCommand Command, ForwardTarget Target)
{
    public const byte Version = 0x04;

    private const int HeadLength = 8;

    // The protocol sets no limit. Names have at most 255 bytes anywhere else.
    private const int MaxTextLength = 255;

    /// <param name="bytes">The bytes so far.</param>
    /// <param name="request">The request, when it is parsed.</param>
    /// <param name="length">Its length, when it is parsed.</param>
    public static SocksParseStatus TryParse(ReadOnlySpan<byte> bytes, out Socks4Request request, out int length)
    {
        (request, length) = (default, 0);
        if (bytes is [not Version, ..])
        {
            return SocksParseStatus.Malformed;
        }

        if (bytes.Length < HeadLength)
        {
            return SocksParseStatus.NeedMore;
        }

        var command = (SocksCommand)bytes[1];
        var port = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (port == 0 && command == SocksCommand.Connect)
        {
            return SocksParseStatus.Malformed;
        }

        // The user id is nothing that anybody could rely on, and is not looked at beyond its end.
        var status = TryFindEnd(bytes, HeadLength, out var end);
        if (status != SocksParseStatus.Parsed)
        {
            return status;
        }

        if (bytes[4..HeadLength] is not [0, 0, 0, not 0])
        {
            var address = new IPAddress(bytes[4..HeadLength]);
            request = new Socks4Request(command, new ForwardTarget(address.ToString(), address, port));
            length = end + 1;
            return SocksParseStatus.Parsed;
        }

        var nameStart = end + 1;
        status = TryFindEnd(bytes, nameStart, out end);
        if (status != SocksParseStatus.Parsed)
        {
            return status;
        }

        if (!SocksName.TryParse(bytes[nameStart..end], out var host, out var literal))
        {
            return SocksParseStatus.Malformed;
        }

        request = new Socks4Request(command, new ForwardTarget(host, literal, port));
        length = end + 1;
        return SocksParseStatus.Parsed;
    }

    private static SocksParseStatus TryFindEnd(ReadOnlySpan<byte> bytes, int start, out int end)
    {
        var text = bytes[start..Math.Min(bytes.Length, start + MaxTextLength + 1)];
        var index = text.IndexOf((byte)0);
        end = start + index;
        return index >= 0 ? SocksParseStatus.Parsed : text.Length > MaxTextLength ? SocksParseStatus.Malformed : SocksParseStatus.NeedMore;
    }
}
