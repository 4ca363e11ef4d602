using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace WmProxy.Configuration.Values;

internal static class DurationParser
{
    public static bool TryParse(string text, [MaybeNullWhen(false)] out TimeSpan value, [NotNullWhen(false)] out string? error)
    {
        error = null;
        if (TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out value))
        {
            return true;
        }

        if (text.EndsWith('s') && int.TryParse(text.AsSpan(0, text.Length - 1), CultureInfo.InvariantCulture, out var seconds))
        {
            value = TimeSpan.FromSeconds(seconds);
            return true;
        }

        error = "STUB";
        return false;
    }
}
