using System;
using System.Buffers;

namespace WmProxy.ForwardProxy;

/// <summary>Host names as forward proxies take them in requests: what rules and resolvers read alike.</summary>
internal static class HostNameSyntax
{
    // RFC 1035 section 2.3.4.
    private const int MaxNameLength = 253;
    private const int MaxLabelLength = 63;

    private static readonly SearchValues<char> Characters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>Whether <paramref name="text"/>, without a dot at its end, has the form of a name; addresses in IPv4's notations have it too.</summary>
    public static bool IsName(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text.Length > MaxNameLength || text.ContainsAnyExcept(Characters))
        {
            return false;
        }

        foreach (var label in text.Split('.'))
        {
            var (_, length) = label.GetOffsetAndLength(text.Length);
            if (length is 0 or > MaxLabelLength)
            {
                return false;
            }
        }

        return true;
    }
}
