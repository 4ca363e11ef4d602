using System;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Text;

namespace WmProxy.Connections.ProxyProtocol;

/// <summary>The binary header, proxy-protocol.txt section 2.2.</summary>
internal static class ProxyProtocolV2
{
    /// <summary>The bytes before the addresses.</summary>
    public const int PrefixLength = 16;

    /// <summary>The most bytes of addresses and TLVs that are read. Addresses take 216 at most; what balancers add to them is less than 1 KiB.</summary>
    public const int MaxPayloadLength = 2048;

    public const int UnixPathLength = 108;

    private const byte TlvCrc32C = 0x03;

    private const int TlvPrefixLength = 3;

    public static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Parses <paramref name="bytes"/>, which begin with the signature, once they hold the whole header or cannot become one.</summary>
    /// <param name="bytes">The bytes so far.</param>
    /// <param name="result">The header, or what is wrong with it.</param>
    /// <param name="length">The header's length, 0 if it is invalid; if undecided, how many bytes it has at least.</param>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out ProxyProtocolResult result, out int length)
    {
        result = default;
        length = 0;
        if (bytes.Length > 12 && bytes[12] >> 4 != 2)
        {
            return Invalid("PROXY v2: the version has to be 2.", out result);
        }

        if (bytes.Length > 12 && (bytes[12] & 0xF) > 1)
        {
            return Invalid("PROXY v2: the command is neither LOCAL nor PROXY.", out result);
        }

        if (bytes.Length < PrefixLength)
        {
            length = PrefixLength;
            return false;
        }

        var isLocal = (bytes[12] & 0xF) == 0;
        var family = bytes[13] >> 4;
        var protocol = bytes[13] & 0xF;
        var payloadLength = BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        var addressLength = family switch { 0 => 0, 1 => 12, 2 => 36, 3 => 2 * UnixPathLength, _ => -1 };

        // Of a LOCAL header everything but the length has to be ignored.
        if (!isLocal && (addressLength < 0 || protocol > 2))
        {
            return Invalid("PROXY v2: unknown address family or transport protocol.", out result);
        }

        if (!isLocal && payloadLength < addressLength)
        {
            return Invalid("PROXY v2: the length is less than the addresses take.", out result);
        }

        if (payloadLength > MaxPayloadLength)
        {
            return Invalid($"PROXY v2: the header is longer than {PrefixLength + MaxPayloadLength} bytes.", out result);
        }

        length = PrefixLength + payloadLength;
        if (bytes.Length < length)
        {
            return false;
        }

        var header = bytes[..length];
        if (isLocal)
        {
            result = new ProxyProtocolResult(ProxyProtocolStatus.Local);
        }
        else if (CheckTlvs(header, PrefixLength + addressLength, isUnspecified: family == 0) is { } error)
        {
            length = 0;
            return Invalid(error, out result);
        }
        else
        {
            result = protocol == 0 ? new ProxyProtocolResult(ProxyProtocolStatus.Proxied) : ReadAddresses(header[PrefixLength..], family);
        }

        return true;
    }

    private static ProxyProtocolResult ReadAddresses(ReadOnlySpan<byte> payload, int family) => family switch
    {
        1 => new ProxyProtocolResult(ProxyProtocolStatus.Proxied, ReadIP(payload, 0, 4, 8), ReadIP(payload, 4, 4, 10)),
        2 => new ProxyProtocolResult(ProxyProtocolStatus.Proxied, ReadIP(payload, 0, 16, 32), ReadIP(payload, 16, 16, 34)),
        3 => new ProxyProtocolResult(
            ProxyProtocolStatus.Proxied,
            ReadUnix(payload[..UnixPathLength]),
            ReadUnix(payload.Slice(UnixPathLength, UnixPathLength))),
        _ => new ProxyProtocolResult(ProxyProtocolStatus.Proxied),
    };

    private static IPEndPoint ReadIP(ReadOnlySpan<byte> payload, int address, int length, int port) =>
        new(new IPAddress(payload.Slice(address, length)), BinaryPrimitives.ReadUInt16BigEndian(payload[port..]));

    private static UnixDomainSocketEndPoint? ReadUnix(ReadOnlySpan<byte> path)
    {
        // As in sun_path: a name ends at its NUL, one that begins with NUL (Linux's abstract names) has no other, none is unnamed.
        var end = path[1..].IndexOf((byte)0) + 1;
        path = end > 0 ? path[..end] : path;
        try
        {
            return path is [0] ? null : new UnixDomainSocketEndPoint(Encoding.UTF8.GetString(path));
        }
        catch (Exception ex) when (ex is ArgumentException or PlatformNotSupportedException)
        {
            // A name that this system could not have: as good as unnamed.
            return null;
        }
    }

    // The rest of the header is a sequence of TLVs, of which only the checksum means anything here (section 2.2.3).
    private static string? CheckTlvs(ReadOnlySpan<byte> header, int position, bool isUnspecified)
    {
        var checksum = -1;
        while (position < header.Length)
        {
            var rest = header[position..];
            var length = rest.Length < TlvPrefixLength ? int.MaxValue : BinaryPrimitives.ReadUInt16BigEndian(rest[1..]);
            if (length > rest.Length - TlvPrefixLength)
            {
                // Of an unspecified family, what follows may be addresses of some kind, which have to be ignored.
                return isUnspecified ? null : "PROXY v2: a TLV is longer than the header.";
            }

            if (rest[0] == TlvCrc32C)
            {
                if (length != sizeof(uint) || checksum >= 0)
                {
                    return "PROXY v2: one checksum of four bytes is expected.";
                }

                checksum = position + TlvPrefixLength;
            }

            position += TlvPrefixLength + length;
        }

        return checksum < 0 || IsChecksumRight(header, checksum) ? null : "PROXY v2: the checksum is wrong.";
    }

    private static bool IsChecksumRight(ReadOnlySpan<byte> header, int position)
    {
        var crc = uint.MaxValue;
        for (var i = 0; i < header.Length; i++)
        {
            crc = BitOperations.Crc32C(crc, i >= position && i < position + sizeof(uint) ? (byte)0 : header[i]);
        }

        return ~crc == BinaryPrimitives.ReadUInt32BigEndian(header[position..]);
    }

    private static bool Invalid(string error, out ProxyProtocolResult result)
    {
        result = ProxyProtocolResult.Invalid(error);
        return true;
    }
}
