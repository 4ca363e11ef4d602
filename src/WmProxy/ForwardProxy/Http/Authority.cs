using System;
using System.Globalization;
using System.Net;
using System.Text;
using WmProxy.Connectors;

namespace WmProxy.ForwardProxy.Http;

/// <summary><c>host:port</c> as it stands in a request-target (RFC 9112 section 3.2.3, RFC 3986 section 3.2), without user information.</summary>
internal static class Authority
{
    // The longest name, brackets, a colon and a port.
    private const int MaxLength = 320;

    /// <inheritdoc cref="TryParse(ReadOnlySpan{char}, int?, out ForwardTarget)"/>
    public static bool TryParse(ReadOnlySpan<byte> text, int? defaultPort, out ForwardTarget target)
    {
        // Latin-1 keeps what is not ASCII as something that no host has.
        Span<char> characters = stackalloc char[MaxLength];
        target = default;
        return text.Length <= characters.Length && TryParse(characters[..Encoding.Latin1.GetChars(text, characters)], defaultPort, out target);
    }

    /// <param name="text">What the client wrote.</param>
    /// <param name="defaultPort">The port where none is given, or an empty one; <see langword="null"/> where there has to be one.</param>
    /// <param name="target">Where it points to.</param>
    public static bool TryParse(ReadOnlySpan<char> text, int? defaultPort, out ForwardTarget target)
    {
        target = default;
        var colon = text.LastIndexOf(':');
        if (colon >= 0 && text[colon..].Contains(']'))
        {
            // The colons of an IPv6 address.
            colon = -1;
        }

        var port = colon < 0 ? default : text[(colon + 1)..];
        var number = defaultPort ?? 0;
        if (!port.IsEmpty && (port.Length > 5 || !int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out number)))
        {
            return false;
        }

        if (number is < 1 or > IPEndPoint.MaxPort || !HostSyntax.TryParse(colon < 0 ? text : text[..colon], out var host, out var address))
        {
            return false;
        }

        target = new ForwardTarget(host, address, number);
        return true;
    }
}
