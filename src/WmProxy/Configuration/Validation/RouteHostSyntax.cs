using System;
using System.Globalization;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Validation;

/// <summary>The hosts that routing's host policy takes: <c>name</c>, <c>*.name</c> and <c>*</c>, each with an optional port or <c>:*</c>.</summary>
internal static class RouteHostSyntax
{
    public static string? FindError(string host)
    {
        var shown = QuotedText.Quote(host);
        if (host.Contains("xn--", StringComparison.OrdinalIgnoreCase))
        {
            return $"{shown} is in its ASCII form; routing compares the Unicode form";
        }

        // After an IPv6 address's bracket, or the only colon there is.
        var colon = host.IndexOf(':', host.LastIndexOf(']') + 1);
        var name = colon < 0 ? host : host[..colon];
        var isName = name == "*" || (name.LastIndexOf('*') <= 0 && (!name.StartsWith('*') || name.StartsWith("*.", StringComparison.Ordinal)));
        return name.Length == 0 || !isName || host.AsSpan().ContainsAny("/ \t\r\n\0") ? $"{shown} is not a host; write it as 'example.com', '*.example.com' or 'example.com:8443'"
            : colon >= 0 && !IsPort(host.AsSpan(colon + 1)) ? $"{shown} has no port from 1 to 65535 after the colon"
            : null;
    }

    private static bool IsPort(ReadOnlySpan<char> text)
    {
        return text is "*" || (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0);
    }
}
