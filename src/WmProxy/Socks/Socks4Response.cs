using System;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using WmProxy.Connections;

namespace WmProxy.Socks;

/// <summary>The reply to a request, VN CD DSTPORT DSTIP, with VN 0.</summary>
internal static class Socks4Response
{
    public const int Length = 8;

    /// <summary>Writes a reply.</summary>
    /// <param name="destination">Room for <see cref="Length"/> bytes.</param>
    /// <param name="reply">What became of the request.</param>
    /// <param name="bound">The address that is used. What is not IPv4 has no place in it and is written as 0.0.0.0.</param>
    public static void Write(Span<byte> destination, Socks4Reply reply, IPEndPoint? bound)
    {
        destination[..Length].Clear();
        destination[1] = (byte)reply;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)(bound?.Port ?? 0));
        if (bound?.Address is { } address && address.Unmap() is { AddressFamily: AddressFamily.InterNetwork } ip)
        {
            ip.TryWriteBytes(destination[4..], out _);
        }
    }
}
