using System;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using WmProxy.Relay.Bandwidth;
using WmProxy.Udp;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>An address that datagrams are sent to, and that may answer them.</summary>
internal sealed class UdpPeer
{
    public UdpPeer(in UdpSessionKey key, IPEndPoint endPoint)
    {
        (Key, EndPoint) = (key, endPoint);
        SocketAddress = endPoint.Serialize();
    }

    public UdpSessionKey Key { get; }

    public IPEndPoint EndPoint { get; }

    /// <summary>As the system takes it; never changed, as several threads read it.</summary>
    public SocketAddress SocketAddress { get; }

    /// <summary>How many destinations, by name or by address, lead to it.</summary>
    public int References { get; set; }

    /// <summary>The limits of the rule that allowed it last.</summary>
    public BandwidthLease? Bandwidth { get; set; }

    public static UdpSessionKey KeyOf(IPEndPoint endPoint)
    {
        Span<byte> bytes = stackalloc byte[16];
        endPoint.Address.MapToIPv6().TryWriteBytes(bytes, out _);
        var scope = endPoint.Address is { AddressFamily: AddressFamily.InterNetworkV6, IsIPv6LinkLocal: true } ? (uint)endPoint.Address.ScopeId : 0;
        return new UdpSessionKey(MemoryMarshal.Read<UInt128>(bytes), (ushort)endPoint.Port, scope);
    }

    /// <summary>Who sent a datagram; <see langword="false"/> for what is no IP address.</summary>
    public static bool TryGetKey(SocketAddress address, out UdpSessionKey key) =>
        UdpSessionKey.TryCreate(address.Family, address.Buffer.Span[..address.Size], default, 0, out key);

    /// <summary>Writes the header of a reply in front of its data; returns its length.</summary>
    /// <param name="key">Who sent the reply.</param>
    /// <param name="headroom">The bytes in front of the data, the last of which the header takes.</param>
    public static int WriteHeader(in UdpSessionKey key, Span<byte> headroom)
    {
        var client = key.Client;
        var address = MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in client));
        var isIPv4 = address[..12].SequenceEqual((ReadOnlySpan<byte>)[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]);
        if (isIPv4)
        {
            address = address[12..];
        }

        var length = Socks5Datagram.AddressStart + 1 + address.Length + 2;
        var header = headroom[^length..];
        Socks5Datagram.WriteHead(header);
        header[Socks5Datagram.AddressStart] = isIPv4 ? Socks5Protocol.IPv4 : Socks5Protocol.IPv6;
        address.CopyTo(header[(Socks5Datagram.AddressStart + 1)..]);
        BinaryPrimitives.WriteUInt16BigEndian(header[^2..], key.Port);
        return length;
    }
}
