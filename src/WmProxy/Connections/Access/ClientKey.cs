using System;
using System.Buffers.Binary;
using System.Net;

namespace WmProxy.Connections.Access;

/// <summary>
/// What counts as one client wherever clients are counted or share something: an IPv4 address, or an IPv6 /64, because a host or a
/// home has all of the addresses in that (RFC 4291 section 2.5.4, RFC 6177) and could take a new one for each connection.
/// </summary>
internal readonly record struct ClientKey
{
    private readonly ulong _bits;
    private readonly bool _isIPv4;

    private ClientKey(ulong bits, bool isIPv4)
    {
        _bits = bits;
        _isIPv4 = isIPv4;
    }

    /// <summary>The key of <paramref name="address"/>; an IPv4-mapped IPv6 address has that of the IPv4 address.</summary>
    public static ClientKey Create(IPAddress address) => ClientAddress.TryGetIPv4(address, out var v4)
        ? new ClientKey(v4, isIPv4: true)
        : new ClientKey((ulong)(ClientAddress.ToUInt128(address) >> 64), isIPv4: false);

    /// <summary>How many bytes <see cref="WriteTo"/> writes.</summary>
    public const int Length = 1 + sizeof(ulong);

    /// <summary>Writes what tells this key from every other, and from nothing but zeros.</summary>
    public void WriteTo(Span<byte> destination)
    {
        destination[0] = _isIPv4 ? (byte)4 : (byte)6;
        BinaryPrimitives.WriteUInt64BigEndian(destination[1..], _bits);
    }

    /// <summary>The address (<c>192.0.2.1</c>) or the network (<c>2001:db8::/64</c>).</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        if (_isIPv4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)_bits);
            return new IPAddress(bytes[..4]).ToString();
        }

        BinaryPrimitives.WriteUInt128BigEndian(bytes, (UInt128)_bits << 64);
        return $"{new IPAddress(bytes)}/64";
    }
}
