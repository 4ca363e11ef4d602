using System;
using System.Globalization;

namespace WmProxy.Configuration.Values;

/// <summary>Splits a number with a unit, as <c>1.5MB</c>.</summary>
internal static class Quantity
{
    public static bool TrySplit(string text, out decimal number, out string unit)
    {
        var end = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
        {
            end++;
        }

        unit = text[end..];
        number = 0;
        return end > 0 && char.IsAsciiDigit(text[0]) && char.IsAsciiDigit(text[end - 1])
            && decimal.TryParse(text.AsSpan(0, end), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);
    }
}
