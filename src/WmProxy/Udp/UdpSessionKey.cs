using System;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using WmProxy.Native;

namespace WmProxy.Udp;

/// <summary>
/// What makes a datagram part of a session: who sent it, and which of our addresses it was sent to. IPv4 addresses are mapped into IPv6; the 16 bytes of an
/// address are in the order of the network.
/// </summary>
internal readonly struct UdpSessionKey : IEquatable<UdpSessionKey>
{
    public UdpSessionKey(UInt128 client, ushort port, uint scope, UInt128 local = default, int interfaceIndex = 0) =>
        (Client, Port, Scope, Local, Interface) = (client, port, scope, local, interfaceIndex);

    private static ReadOnlySpan<byte> MappedPrefix => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

    /// <summary>The client's address.</summary>
    public UInt128 Client { get; }

    /// <summary>The client's port.</summary>
    public ushort Port { get; }

    /// <summary>The scope of a link-local client.</summary>
    public uint Scope { get; }

    /// <summary>The address that the client talks to, on a listener that has several; 0 otherwise.</summary>
    public UInt128 Local { get; }

    /// <summary>The interface that the client is reached by, where <see cref="Local"/> is known. Not part of the session's identity: routes change.</summary>
    public int Interface { get; }

    /// <summary>The key of a struct sockaddr_in or sockaddr_in6; <see langword="false"/> for anything else.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> address, UInt128 local, int interfaceIndex, out UdpSessionKey key)
    {
        var family = address.Length < 16 ? AddressFamily.Unspecified : MemoryMarshal.Read<ushort>(address) switch
        {
            SocketAddressBytes.IPv4Family => AddressFamily.InterNetwork,
            SocketAddressBytes.IPv6Family => AddressFamily.InterNetworkV6,
            _ => AddressFamily.Unspecified,
        };
        return TryCreate(family, address, local, interfaceIndex, out key);
    }

    /// <summary>The key of an address of .NET's, whose bytes differ between systems in their family only.</summary>
    public static bool TryCreate(AddressFamily family, ReadOnlySpan<byte> address, UInt128 local, int interfaceIndex, out UdpSessionKey key)
    {
        key = default;
        if (address.Length < 16)
        {
            return false;
        }

        var port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        switch (family)
        {
            case AddressFamily.InterNetwork:
                Span<byte> mapped = stackalloc byte[16];
                MappedPrefix.CopyTo(mapped);
                address.Slice(4, 4).CopyTo(mapped[12..]);
                key = new UdpSessionKey(MemoryMarshal.Read<UInt128>(mapped), port, 0, local, interfaceIndex);
                return true;
            case AddressFamily.InterNetworkV6 when address.Length >= 28:
                key = new UdpSessionKey(MemoryMarshal.Read<UInt128>(address[8..]), port, MemoryMarshal.Read<uint>(address[24..]), local, interfaceIndex);
                return true;
            default:
                return false;
        }
    }

    /// <summary>The client as an end point; IPv4 where it is mapped.</summary>
    public IPEndPoint ToClientEndPoint() => new(ToAddress(Client, Scope), Port);

    /// <summary>The address that the client talks to; <see langword="null"/> where it is not known.</summary>
    public IPAddress? ToLocalAddress() => Local == default ? null : ToAddress(Local, 0);

    /// <summary>Writes the client's address for a socket of <paramref name="family"/> (AF_INET or AF_INET6); returns its length.</summary>
    public int WriteClient(int family, Span<byte> address)
    {
        var client = Client;
        var bytes = MemoryMarshal.AsBytes(new Span<UInt128>(ref client));
        address[..28].Clear();
        MemoryMarshal.Write(address, (ushort)family);
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], Port);
        if (family == SocketAddressBytes.IPv4Family)
        {
            bytes[12..].CopyTo(address[4..]);
            return 16;
        }

        bytes.CopyTo(address[8..]);
        MemoryMarshal.Write(address[24..], Scope);
        return 28;
    }

    public bool Equals(UdpSessionKey other) => Client == other.Client && Port == other.Port && Scope == other.Scope && Local == other.Local;

    public override bool Equals(object? obj) => obj is UdpSessionKey other && Equals(other);

    // Who chooses ports and addresses cleverly must not get all of them into one place of the table. Hence seeded, and in parts of 32 bits: larger ones are
    // folded before the seed comes into it.
    public override int GetHashCode()
    {
        var (low, high) = ((ulong)Client, (ulong)(Client >> 64));
        var hash = HashCode.Combine((uint)low, (uint)(low >> 32), (uint)high, (uint)(high >> 32), Port);
        if (Local == default)
        {
            return hash;
        }

        (low, high) = ((ulong)Local, (ulong)(Local >> 64));
        return HashCode.Combine(hash, (uint)low, (uint)(low >> 32), (uint)high, (uint)(high >> 32));
    }

    private static IPAddress ToAddress(UInt128 value, uint scope)
    {
        var bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in value));
        return bytes[..12].SequenceEqual(MappedPrefix) ? new IPAddress(bytes[12..]) : new IPAddress(bytes, scope);
    }
}
