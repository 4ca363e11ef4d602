using System;
using System.Security.Cryptography;

namespace WmProxy.Connections.Tls;

/// <summary>What a text in PEM holds (RFC 7468).</summary>
internal static class PemText
{
    /// <summary>Whether there is a thing whose label ends with <paramref name="labelEnding"/>.</summary>
    public static bool Contains(ReadOnlySpan<char> text, string labelEnding)
    {
        while (PemEncoding.TryFind(text, out var fields))
        {
            if (text[fields.Label].EndsWith(labelEnding, StringComparison.Ordinal))
            {
                return true;
            }

            text = text[fields.Location.End..];
        }

        return false;
    }
}
