using System;
using System.Net;
using System.Net.Sockets;

namespace WmProxy.ForwardProxy.Access;

/// <summary>
/// IPv6 addresses that lead to an IPv4 address which is part of them. Whoever may not reach the one must not reach it by way of the other.
/// </summary>
internal static class EmbeddedAddress
{
    /// <summary>The IPv4 address; <see langword="null"/> where there is none.</summary>
    public static IPAddress? Find(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return bytes switch
        {
            // IPv4-mapped (RFC 4291 section 2.5.5.2), as the kernel connects to them.
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, ..] => new IPAddress(bytes[12..]),

            // IPv4-translated (RFC 2765 section 2.1), and IPv4-compatible (RFC 4291 section 2.5.5.1) but for :: and ::1.
            [0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, ..] => new IPAddress(bytes[12..]),
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. var rest] when rest is not [0, 0, 0, <= 1] => new IPAddress(rest),

            // NAT64: the well-known prefix (RFC 6052 section 2.1) and the one for local use (RFC 8215), as it is used with 96 bits.
            [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0, ..] => new IPAddress(bytes[12..]),
            [0, 0x64, 0xFF, 0x9B, 0, 1, ..] => new IPAddress(bytes[12..]),

            // 6to4 (RFC 3056 section 2).
            [0x20, 0x02, ..] => new IPAddress(bytes[2..6]),
            _ => null,
        };
    }
}
