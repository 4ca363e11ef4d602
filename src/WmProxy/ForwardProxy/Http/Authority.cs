using System;
using System.Globalization;
using System.Net;
using System.Text;
using WmProxy.Connectors;
using WmProxy.Http1;

namespace WmProxy.ForwardProxy.Http;

/// <summary><c>host:port</c> as it stands in a request-target (RFC 9112 section 3.2.3, RFC 3986 section 3.2), without user information.</summary>
internal static class Authority
{
    // Where none is given: which one it would be is of no matter.
    private const int AnyPort = 80;

    // The longest name, brackets, a colon and a port.
    private const int MaxLength = 320;

    /// <summary>
    /// Whether a request's <c>Host</c> field is one, or empty: what it says is of no use beside the target (RFC 9112 section 3.2.2), but one that can be read in
    /// two ways is how proxies are fooled.
    /// </summary>
    /// <param name="request">The request, which has no more than one.</param>
    /// <param name="target">What the target says, where that is known to be well-formed: most fields say the same.</param>
    public static bool IsHostValid(RequestHead request, ReadOnlySpan<byte> target)
    {
        var host = request.IndexOf(FieldKind.Host);
        return host < 0 || request.ValueOf(host).IsEmpty || request.ValueOf(host).SequenceEqual(target) || TryParse(request.ValueOf(host), AnyPort, out _);
    }

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
