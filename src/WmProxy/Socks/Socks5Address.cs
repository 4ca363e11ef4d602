using System;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using WmProxy.Connections;
using WmProxy.Connectors;

namespace WmProxy.Socks;

/// <summary>ATYP, address and port, as requests, replies and datagrams carry them (RFC 1928 sections 4 to 7).</summary>
internal static class Socks5Address
{
    /// <summary>The longest: a name of 255 bytes.</summary>
    public const int MaxLength = 1 + 1 + 255 + 2;

    private const int PortLength = 2;

    /// <summary>Tells how long an address is, without looking into it.</summary>
    /// <param name="bytes">The bytes from ATYP on.</param>
    /// <param name="length">Its length, with ATYP and port.</param>
    /// <returns><see cref="SocksParseStatus.Malformed"/> for a type that there is not.</returns>
    public static SocksParseStatus TryMeasure(ReadOnlySpan<byte> bytes, out int length)
    {
        length = 0;
        if (bytes.IsEmpty)
        {
            return SocksParseStatus.NeedMore;
        }

        switch (bytes[0])
        {
            case Socks5Protocol.IPv4:
                length = 1 + 4 + PortLength;
                break;
            case Socks5Protocol.IPv6:
                length = 1 + 16 + PortLength;
                break;
            case Socks5Protocol.DomainName when bytes.Length < 2:
                return SocksParseStatus.NeedMore;
            case Socks5Protocol.DomainName:
                length = 1 + 1 + bytes[1] + PortLength;
                break;
            default:
                return SocksParseStatus.Malformed;
        }

        return bytes.Length < length ? SocksParseStatus.NeedMore : SocksParseStatus.Parsed;
    }

    /// <summary>Reads an address that <see cref="TryMeasure"/> has found whole.</summary>
    /// <param name="bytes">Exactly it.</param>
    /// <param name="target">Port 0 is left to the caller, since it depends on the message whether that means anything.</param>
    /// <returns>Whether its name is one; addresses always are.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out ForwardTarget target)
    {
        var port = BinaryPrimitives.ReadUInt16BigEndian(bytes[^PortLength..]);
        if (bytes[0] != Socks5Protocol.DomainName)
        {
            var address = new IPAddress(bytes[1..^PortLength]).Unmap();
            target = new ForwardTarget(address.ToString(), address, port);
            return true;
        }

        var isName = SocksName.TryParse(bytes[2..^PortLength], out var host, out var literal);
        target = isName ? new ForwardTarget(host!, literal, port) : default;
        return isName;
    }

    /// <summary>Writes <paramref name="target"/>; returns its length.</summary>
    /// <exception cref="ArgumentException">The name is empty or longer than 255 bytes.</exception>
    public static int Write(Span<byte> destination, in ForwardTarget target)
    {
        if (target.Address is { } address)
        {
            return Write(destination, address, target.Port);
        }

        var length = Encoding.UTF8.GetByteCount(target.Host);
        if (length is 0 or > byte.MaxValue)
        {
            throw new ArgumentException("A host name has 1 to 255 bytes.", nameof(target));
        }

        (destination[0], destination[1]) = (Socks5Protocol.DomainName, (byte)length);
        Encoding.UTF8.GetBytes(target.Host, destination[2..]);
        BinaryPrimitives.WriteUInt16BigEndian(destination[(2 + length)..], (ushort)target.Port);
        return 2 + length + PortLength;
    }

    /// <summary>Writes an address and a port; returns their length.</summary>
    public static int Write(Span<byte> destination, IPAddress address, int port)
    {
        address = address.Unmap();
        destination[0] = address.AddressFamily == AddressFamily.InterNetwork ? Socks5Protocol.IPv4 : Socks5Protocol.IPv6;
        address.TryWriteBytes(destination[1..], out var length);
        BinaryPrimitives.WriteUInt16BigEndian(destination[(1 + length)..], (ushort)port);
        return 1 + length + PortLength;
    }
}
