using System;
using System.Net;
using System.Net.Sockets;

namespace WmProxy.ForwardProxy.Access;

/// <summary>Addresses that are not those of another machine on the Internet or an intranet (RFC 6890).</summary>
internal static class AddressKind
{
    /// <summary>What is special about <paramref name="address"/>, or about the IPv4 address that it leads to.</summary>
    public static GuardReason Find(IPAddress address)
    {
        var reason = address.AddressFamily == AddressFamily.InterNetwork ? FindV4(address) : FindV6(address);
        return reason == GuardReason.None && EmbeddedAddress.Find(address) is { } embedded ? FindV4(embedded) : reason;
    }

    private static GuardReason FindV4(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[4];
        address.TryWriteBytes(bytes, out _);
        return bytes switch
        {
            // Amazon, Azure, Google and most others; Alibaba; Oracle.
            [169, 254, 169, 254] or [100, 100, 100, 200] or [192, 0, 0, 192] => GuardReason.CloudMetadata,
            [127, ..] => GuardReason.Loopback,
            [0, ..] => GuardReason.Unspecified,
            [169, 254, ..] => GuardReason.LinkLocal,
            [>= 224 and <= 239, ..] => GuardReason.Multicast,
            [255, 255, 255, 255] => GuardReason.Broadcast,
            _ => GuardReason.None,
        };
    }

    private static GuardReason FindV6(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return bytes switch
        {
            [0xFF, ..] => GuardReason.Multicast,
            [0xFE, >= 0x80 and <= 0xBF, ..] => GuardReason.LinkLocal,
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] => GuardReason.Unspecified,
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] => GuardReason.Loopback,

            // Amazon (fd00:ec2::254) and Google (fd20:ce::254).
            [0xFD, 0, 0x0E, 0xC2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x54] => GuardReason.CloudMetadata,
            [0xFD, 0x20, 0, 0xCE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x54] => GuardReason.CloudMetadata,
            _ => GuardReason.None,
        };
    }
}
