using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace WmProxy.Configuration.Values;

/// <summary>Whole decimal numbers of 32 bits.</summary>
internal static class IntegerParser
{
    public static bool TryParse(string text, [MaybeNullWhen(false)] out int value, [NotNullWhen(false)] out string? error)
    {
        error = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value)
            ? null
            : $"{QuotedText.Quote(text)} is not a whole number from {int.MinValue} to {int.MaxValue}";
        return error is null;
    }
}
