using System;
using System.Diagnostics.CodeAnalysis;

namespace WmProxy.Configuration.Values;

/// <summary><c>true</c> or <c>false</c>, in any case.</summary>
internal static class BooleanParser
{
    public static bool TryParse(string text, [MaybeNullWhen(false)] out bool value, [NotNullWhen(false)] out string? error)
    {
        error = bool.TryParse(text, out value) && !text.AsSpan().ContainsAny(" \t\r\n\0") ? null : $"{QuotedText.Quote(text)} is neither 'true' nor 'false'";
        return error is null;
    }
}
