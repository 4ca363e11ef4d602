using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace WmProxy.Configuration.Values;

/// <summary>Networks as CIDR, IPv4 and IPv6; a bare address is the network of that one host. IPv4-mapped networks become IPv4.</summary>
internal static class NetworkParser
{
    private const int MappedPrefixLength = 96;

    public static bool TryParse(string text, [MaybeNullWhen(false)] out IPNetwork value, [NotNullWhen(false)] out string? error)
    {
        value = default;
        var slash = text.IndexOf('/');
        var addressText = slash < 0 ? text : text[..slash];
        if (addressText.Contains('%', StringComparison.Ordinal) || !IPAddressParser.TryParse(addressText, out var address))
        {
            error = $"{QuotedText.Quote(text)} is not a network; write an IP address or CIDR as '10.0.0.0/8' or '2001:db8::/32'";
            return false;
        }

        var bits = address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        var prefix = bits;
        if (slash >= 0)
        {
            var mapped = bits == 32 && addressText.Contains(':', StringComparison.Ordinal) ? MappedPrefixLength : 0;
            if (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefix) || prefix > bits + mapped || prefix < mapped)
            {
                error = $"{QuotedText.Quote(text)} has no prefix length from {mapped} to {bits + mapped} after the '/'";
                return false;
            }

            prefix -= mapped;
        }

        var network = new IPNetwork(Mask(address, prefix), prefix);
        if (!network.BaseAddress.Equals(address))
        {
            error = $"{QuotedText.Quote(text)} has bits set beyond its prefix; did you mean '{network}'?";
            return false;
        }

        value = network;
        error = null;
        return true;
    }

    private static IPAddress Mask(IPAddress address, int prefix)
    {
        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            var kept = Math.Clamp(prefix - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xFF << (8 - kept));
        }

        return new IPAddress(bytes);
    }
}
