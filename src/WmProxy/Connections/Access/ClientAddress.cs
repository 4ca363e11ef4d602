using System;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace WmProxy.Connections.Access;

/// <summary>The bits of a client's address, read without allocating.</summary>
internal static class ClientAddress
{
    /// <summary>The IPv4 address in host byte order, if <paramref name="address"/> is one or maps one into IPv6.</summary>
    public static bool TryGetIPv4(IPAddress address, out uint value)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            value = ToUInt32(address);
            return true;
        }

        value = address.IsIPv4MappedToIPv6 ? (uint)ToUInt128(address) : 0;
        return address.IsIPv4MappedToIPv6;
    }

    public static uint ToUInt32(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[4];
        address.TryWriteBytes(bytes, out _);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    public static UInt128 ToUInt128(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
