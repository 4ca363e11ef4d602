using System;
using System.Diagnostics.CodeAnalysis;

namespace WmProxy.Configuration.Values;

/// <summary>Names of an enumeration, in any case; numbers are not names.</summary>
internal static class EnumParser
{
    public static bool TryParse<TEnum>(string text, [MaybeNullWhen(false)] out TEnum value, [NotNullWhen(false)] out string? error)
        where TEnum : struct, Enum
    {
        var names = Enum.GetNames<TEnum>();
        foreach (var name in names)
        {
            if (name.Equals(text, StringComparison.OrdinalIgnoreCase))
            {
                value = Enum.Parse<TEnum>(name);
                error = null;
                return true;
            }
        }

        value = default;
        error = $"{QuotedText.Quote(text)} is unknown; {NearestName.Proposal(text, names, "valid values")}";
        return false;
    }
}
