using System;
using System.Globalization;
using System.Net;
using System.Text;

namespace WmProxy.Connections.ClientHello;

/// <summary>Server names as TLS clients send them (RFC 6066 section 3), and the patterns that select them.</summary>
internal static class ServerName
{
    private const int MaxLength = 253;
    private const int MaxLabelLength = 63;
    private const string Wildcard = "*.";

    /// <summary>Checks a host name and brings it into the form that names are compared in: lower case, no final dot.</summary>
    /// <param name="name">The name, in ASCII (internationalised names as A-labels).</param>
    /// <param name="normalized">
    /// The name; <see langword="null"/> for an IP address, which clients must not send but do, and which selects nothing.
    /// </param>
    /// <returns>Whether it is a host name or an IP address.</returns>
    public static bool TryParse(ReadOnlySpan<byte> name, out string? normalized)
    {
        normalized = null;
        if (name is [.. var withoutDot, (byte)'.'])
        {
            name = withoutDot;
        }

        if (name.IsEmpty || name.Length > MaxLength)
        {
            return false;
        }

        // Only a name with a colon or a final digit can be an address, so the others need not be tried.
        if ((name.Contains((byte)':') || char.IsAsciiDigit((char)name[^1])) && IPAddress.TryParse(name, out _))
        {
            return true;
        }

        Span<char> lower = stackalloc char[name.Length];
        var labelStart = 0;
        for (var i = 0; i < name.Length; i++)
        {
            var c = (char)name[i];
            if (c == '.')
            {
                if (i == labelStart || name[i - 1] == '-')
                {
                    return false;
                }

                labelStart = i + 1;
            }
            else if (!IsLabelCharacter(c) || (c == '-' && i == labelStart) || i - labelStart >= MaxLabelLength)
            {
                return false;
            }

            lower[i] = char.ToLowerInvariant(c);
        }

        if (labelStart == name.Length || name[^1] == '-')
        {
            return false;
        }

        normalized = new string(lower);
        return true;
    }

    /// <summary>Checks a name or a pattern <c>*.name</c> of the configuration and brings it into the form that names are compared in.</summary>
    /// <param name="pattern">The pattern; an internationalised name may be written as it is displayed (RFC 5891).</param>
    /// <param name="normalized">The name, without <c>*.</c>.</param>
    /// <param name="isWildcard">Whether it is a <c>*.</c> pattern.</param>
    /// <returns>Whether the pattern can match any name.</returns>
    public static bool TryParsePattern(string pattern, out string normalized, out bool isWildcard)
    {
        normalized = "";
        isWildcard = pattern.StartsWith(Wildcard, StringComparison.Ordinal);
        try
        {
            var name = isWildcard ? pattern[Wildcard.Length..] : pattern;
            name = Ascii.IsValid(name) ? name : new IdnMapping().GetAscii(name.ToLowerInvariant());
            if (!TryParse(Encoding.ASCII.GetBytes(name), out var parsed) || parsed is null)
            {
                return false;
            }

            normalized = parsed;
            return true;
        }
        catch (ArgumentException)
        {
            // Not a name that has an ASCII form.
            return false;
        }
    }

    // The underscore is no letter of host names, but of names in the DNS that people do connect to.
    private static bool IsLabelCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_';
}
