using System;
using System.Text;

namespace WmProxy.Configuration.Values;

/// <summary>Shows a configuration value in an error: in quotes, on one line, bounded, and without the user and password of an address.</summary>
internal static class QuotedText
{
    private const int MaxLength = 100;

    public static string Quote(string text)
    {
        var shown = WithoutUserInfo(text);
        var builder = new StringBuilder(shown.Length + 2).Append('\'');
        foreach (var c in shown.AsSpan(0, Math.Min(shown.Length, MaxLength)))
        {
            _ = char.IsControl(c) || char.IsSurrogate(c) ? builder.Append($"\\u{(int)c:X4}") : builder.Append(c);
        }

        return builder.Append(shown.Length > MaxLength ? "…'" : "'").ToString();
    }

    private static string WithoutUserInfo(string text)
    {
        // Whatever stands before an @ may hold a password, also where the address is too broken to be parsed.
        var at = text.LastIndexOf('@');
        if (at < 0)
        {
            return text;
        }

        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        var start = scheme >= 0 && scheme < at ? scheme + 3 : 0;
        return string.Concat(text.AsSpan(0, start), "***", text.AsSpan(at));
    }
}
