using System.Diagnostics.CodeAnalysis;

namespace WmProxy.Configuration.Values;

/// <summary>Text that is not empty.</summary>
internal static class TextParser
{
    public static bool TryParse(string text, [MaybeNullWhen(false)] out string value, [NotNullWhen(false)] out string? error)
    {
        value = text;
        error = string.IsNullOrWhiteSpace(text) ? "is empty" : null;
        return error is null;
    }
}
