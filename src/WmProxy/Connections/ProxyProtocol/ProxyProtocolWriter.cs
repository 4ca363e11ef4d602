using System;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using WmProxy.Configuration;

namespace WmProxy.Connections.ProxyProtocol;

/// <summary>Writes the header of the PROXY protocol (proxy-protocol.txt section 2), to be sent before anything else and in one piece.</summary>
internal static class ProxyProtocolWriter
{
    private const byte VersionAndLocal = 0x20;
    private const byte VersionAndProxy = 0x21;

    /// <summary>
    /// The header for a connection from <paramref name="source"/> to <paramref name="destination"/>, the addresses that the client used.
    /// IPv4-mapped IPv6 addresses are written as the IPv4 ones that they stand for.
    /// </summary>
    /// <param name="version">
    /// Version 1 has only TCP over IPv4 or IPv6, and UNKNOWN for everything else, two families too. Version 2 has Unix domain sockets as
    /// well, maps IPv4 into IPv6 where the families differ, and writes UNSPEC for what it cannot express.
    /// </param>
    /// <param name="source">The client's address; <see langword="null"/> if it is not known.</param>
    /// <param name="destination">
    /// The address that the client connected to. Neither this nor <paramref name="source"/> means that this process connects on its own
    /// behalf (a health check): LOCAL in version 2.
    /// </param>
    public static byte[] Write(ProxyProtocolVersion version, EndPoint? source, EndPoint? destination)
    {
        source = source.Unmap();
        destination = destination.Unmap();
        return version == ProxyProtocolVersion.V1 ? WriteV1(source, destination) : WriteV2(source, destination);
    }

    /// <summary>
    /// The version 2 header of a UDP session: the addresses as for TCP, with DGRAM (0x12, 0x22) for the transport. <paramref name="destination"/> is the
    /// address that the client sent to.
    /// </summary>
    public static byte[] WriteDatagram(EndPoint? source, EndPoint? destination)
    {
        var header = Write(ProxyProtocolVersion.V2, source, destination);
        ref var transport = ref header[ProxyProtocolV2.Signature.Length + 1];

        // The low half of the byte: STREAM is 1, DGRAM is 2; UNSPEC stays what it is.
        transport = (transport & 0x0f) == 1 ? (byte)(transport + 1) : transport;
        return header;
    }

    private static byte[] WriteV1(EndPoint? source, EndPoint? destination)
    {
        if (source is not IPEndPoint from || destination is not IPEndPoint to || from.AddressFamily != to.AddressFamily)
        {
            return "PROXY UNKNOWN\r\n"u8.ToArray();
        }

        var family = from.AddressFamily == AddressFamily.InterNetwork ? "TCP4" : "TCP6";
        return Encoding.ASCII.GetBytes($"PROXY {family} {Format(from.Address)} {Format(to.Address)} {from.Port} {to.Port}\r\n");
    }

    private static byte[] WriteV2(EndPoint? source, EndPoint? destination)
    {
        switch (source, destination)
        {
            case (null, null):
                return CreateV2(VersionAndLocal, 0x00, 0);
            case (IPEndPoint { AddressFamily: AddressFamily.InterNetwork } from, IPEndPoint { AddressFamily: AddressFamily.InterNetwork } to):
                return WriteIP(0x11, 4, from.Address, from.Port, to.Address, to.Port);
            case (IPEndPoint from, IPEndPoint to):
                return WriteIP(0x21, 16, from.Address.MapToIPv6(), from.Port, to.Address.MapToIPv6(), to.Port);
            case (UnixDomainSocketEndPoint from, UnixDomainSocketEndPoint to):
                var header = CreateV2(VersionAndProxy, 0x31, 2 * ProxyProtocolV2.UnixPathLength);
                WritePath(from, header.AsSpan(ProxyProtocolV2.PrefixLength, ProxyProtocolV2.UnixPathLength));
                WritePath(to, header.AsSpan(ProxyProtocolV2.PrefixLength + ProxyProtocolV2.UnixPathLength));
                return header;
            default:
                return CreateV2(VersionAndProxy, 0x00, 0);
        }
    }

    private static byte[] WriteIP(byte family, int addressLength, IPAddress source, int sourcePort, IPAddress destination, int destinationPort)
    {
        var header = CreateV2(VersionAndProxy, family, 2 * addressLength + 2 * sizeof(ushort));
        var payload = header.AsSpan(ProxyProtocolV2.PrefixLength);
        source.TryWriteBytes(payload, out _);
        destination.TryWriteBytes(payload[addressLength..], out _);
        BinaryPrimitives.WriteUInt16BigEndian(payload[(2 * addressLength)..], (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(payload[(2 * addressLength + sizeof(ushort))..], (ushort)destinationPort);
        return header;
    }

    private static byte[] CreateV2(byte versionAndCommand, byte family, int payloadLength)
    {
        var header = new byte[ProxyProtocolV2.PrefixLength + payloadLength];
        ProxyProtocolV2.Signature.CopyTo(header);
        header[12] = versionAndCommand;
        header[13] = family;
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(14), (ushort)payloadLength);
        return header;
    }

    private static void WritePath(UnixDomainSocketEndPoint endPoint, Span<byte> field)
    {
        // The address as the system has it: two bytes of family, then the path, which keeps an abstract name's leading NUL.
        var address = endPoint.Serialize();
        var path = address.Buffer.Span[2..address.Size];
        path[..Math.Min(path.Length, field.Length)].CopyTo(field);
    }

    // The framework writes some IPv6 addresses with a scope id or with an IPv4 tail; the specification has hexadecimal groups only.
    private static string Format(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return address.ToString();
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        var text = new IPAddress(bytes).ToString();
        if (!text.Contains('.'))
        {
            return text;
        }

        var groups = new StringBuilder(39);
        for (var i = 0; i < bytes.Length; i += 2)
        {
            groups.Append(i == 0 ? "" : ":").Append($"{BinaryPrimitives.ReadUInt16BigEndian(bytes[i..]):x}");
        }

        return groups.ToString();
    }
}
