using System;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using WmProxy.Connections;

namespace WmProxy.Native;

/// <summary>struct sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)) of Linux, from and to end points.</summary>
internal static class SocketAddressBytes
{
    public const int IPv4Family = 2; // AF_INET
    public const int IPv6Family = 10; // AF_INET6

    /// <summary>The most that <see cref="Write"/> writes.</summary>
    public const int MaxLength = 128;

    /// <summary>Reads an address that the kernel gave; an IPv4 address mapped to IPv6 becomes IPv4. <see langword="null"/> for other families.</summary>
    public static IPEndPoint? ToEndPoint(ReadOnlySpan<byte> address)
    {
        if (address.Length < 16)
        {
            return null;
        }

        var port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        switch (MemoryMarshal.Read<ushort>(address))
        {
            case IPv4Family:
                return new IPEndPoint(new IPAddress(MemoryMarshal.Read<uint>(address[4..])), port);
            case IPv6Family when address.Length >= 28:
                return new IPEndPoint(new IPAddress(address.Slice(8, 16), MemoryMarshal.Read<uint>(address[24..])).Unmap(), port);
            default:
                return null;
        }
    }

    /// <summary>Writes <paramref name="endPoint"/> as the kernel takes it; returns its length.</summary>
    /// <param name="endPoint">An IP end point or a path.</param>
    /// <param name="address">Room for <see cref="MaxLength"/> bytes.</param>
    public static int Write(EndPoint endPoint, Span<byte> address)
    {
        if (endPoint is IPEndPoint { AddressFamily: AddressFamily.InterNetwork } ip)
        {
            address[..16].Clear();
            MemoryMarshal.Write(address, (ushort)IPv4Family);
            BinaryPrimitives.WriteUInt16BigEndian(address[2..], (ushort)ip.Port);
            ip.Address.TryWriteBytes(address[4..], out _);
            return 16;
        }

        var serialized = endPoint.Serialize();
        serialized.Buffer.Span[..serialized.Size].CopyTo(address);
        return serialized.Size;
    }
}
