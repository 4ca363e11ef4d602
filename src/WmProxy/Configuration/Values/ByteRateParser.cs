using System;
using System.Diagnostics.CodeAnalysis;

namespace WmProxy.Configuration.Values;

/// <summary>Bytes per second: <c>4MB/s</c>, <c>500KiB/s</c>; more than zero.</summary>
internal static class ByteRateParser
{
    private const string PerSecond = "/s";

    public static bool TryParse(string text, [MaybeNullWhen(false)] out long value, [NotNullWhen(false)] out string? error)
    {
        value = 0;
        if (!text.EndsWith(PerSecond, StringComparison.Ordinal))
        {
            error = SizeParser.TryParse(text, out _, out _)
                ? $"{QuotedText.Quote(text)} is a size, not a rate; did you mean '{(char.IsAsciiDigit(text[^1]) ? $"{text}B" : text)}/s'?"
                : $"{QuotedText.Quote(text)} is not a rate; write bytes per second as '4MB/s' or '500KiB/s'{Bits(text)}";
            return false;
        }

        var size = text[..^PerSecond.Length];
        if (!SizeParser.TryParse(size, out value, out _))
        {
            error = Quantity.TrySplit(size, out _, out var unit) && unit.Length > 0 && !IsUnit(unit)
                ? $"{QuotedText.Quote(text)} has the unknown unit {QuotedText.Quote(unit)}; {SizeParser.UnitProposal(unit)}"
                : $"{QuotedText.Quote(text)} is not a rate of whole bytes that can be counted; write it as '4MB/s' or '500KiB/s'";
            return false;
        }

        if (char.IsAsciiDigit(size[^1]))
        {
            error = $"{QuotedText.Quote(text)} has no unit; did you mean '{size}B/s'?";
            return false;
        }

        error = value > 0 ? null : $"{QuotedText.Quote(text)} is not more than zero; leave the key out for no limit";
        return error is null;
    }

    private static bool IsUnit(string unit) => SizeParser.TryParse($"1{unit}", out _, out _);

    private static string Bits(string text) => text.EndsWith("bps", StringComparison.OrdinalIgnoreCase) || text.Contains("bit", StringComparison.OrdinalIgnoreCase) ? "; bits are not accepted" : "";
}
