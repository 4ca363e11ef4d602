using System;
using System.Buffers;
using System.Net;
using System.Net.Sockets;
using WmProxy.Configuration.Values;

namespace WmProxy.ForwardProxy.Http;

/// <summary>
/// Hosts as clients of HTTP write them (RFC 3986 section 3.2.2): names in ASCII, addresses in their usual form. What a resolver might read as an address in
/// another form (<c>0x7f.1</c>, <c>127.1</c>) is neither.
/// </summary>
internal static class HostSyntax
{
    private static readonly SearchValues<char> IPv6Characters = SearchValues.Create("ABCDEFabcdef0123456789:.");

    /// <param name="text">A name, an IPv4 address, or an IPv6 address in brackets.</param>
    /// <param name="host">The name without a dot at its end, or the address's text without brackets.</param>
    /// <param name="address">The address, an IPv4-mapped one as IPv4; <see langword="null"/> for a name.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out string host, out IPAddress? address)
    {
        (host, address) = ("", null);
        if (text.StartsWith('['))
        {
            var inner = text[1..];
            if (!inner.EndsWith(']') || inner[..^1].ContainsAnyExcept(IPv6Characters) || !inner.Contains(':') || !IPAddressParser.TryParse(inner[..^1], out address))
            {
                address = null;
                return false;
            }

            host = address.ToString();
            return true;
        }

        if (text.EndsWith('.'))
        {
            text = text[..^1];
        }

        if (!HostNameSyntax.IsName(text))
        {
            return false;
        }

        if (EndsInNumber(text))
        {
            if (!IPAddressParser.TryParse(text, out address) || address.AddressFamily != AddressFamily.InterNetwork)
            {
                address = null;
                return false;
            }

            host = address.ToString();
            return true;
        }

        host = text.ToString();
        return true;
    }

    private static bool EndsInNumber(ReadOnlySpan<char> name)
    {
        var last = name[(name.LastIndexOf('.') + 1)..];
        return !last.IsEmpty && (!last.ContainsAnyExceptInRange('0', '9') || last.StartsWith("0x", StringComparison.OrdinalIgnoreCase));
    }
}
