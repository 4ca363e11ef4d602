using System;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using WmProxy.Connections;

namespace WmProxy.Configuration.Values;

/// <summary>
/// IP addresses in their usual form only: <see cref="IPAddress.TryParse(string, out IPAddress)"/> also takes <c>1</c>, octal and hexadecimal
/// parts, brackets and a port, none of which somebody means in a configuration.
/// </summary>
internal static class IPAddressParser
{
    /// <summary>Parses an address; an IPv4-mapped IPv6 address becomes the IPv4 address.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        if (text.ContainsAny('[', ']', '/') || !IPAddress.TryParse(text, out var parsed))
        {
            return false;
        }

        if (parsed.AddressFamily == AddressFamily.InterNetwork && !text.SequenceEqual(parsed.ToString()))
        {
            return false;
        }

        address = parsed.Unmap();
        return true;
    }
}
