using System;
using System.Diagnostics.CodeAnalysis;
using System.Linq;

namespace WmProxy.Configuration.Values;

/// <summary>Sizes in bytes: <c>65536</c>, <c>64KiB</c> (2^10), <c>10MB</c> (10^6).</summary>
internal static class SizeParser
{
    private const long Kilo = 1000;
    private const long Kibi = 1024;

    private static readonly string[] Units = ["B", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"];

    public static bool TryParse(string text, [MaybeNullWhen(false)] out long value, [NotNullWhen(false)] out string? error)
    {
        value = 0;
        if (!Quantity.TrySplit(text, out var number, out var unit))
        {
            error = $"{QuotedText.Quote(text)} is not a size; write it as '65536', '64KiB' or '10MB'";
            return false;
        }

        if (Factor(unit) is not { } factor)
        {
            error = $"{QuotedText.Quote(text)} has the unknown unit {QuotedText.Quote(unit)}; {UnitProposal(unit)}";
            return false;
        }

        if (number > long.MaxValue / factor)
        {
            error = $"{QuotedText.Quote(text)} is too large";
            return false;
        }

        var bytes = number * factor;
        if (bytes != decimal.Truncate(bytes))
        {
            error = $"{QuotedText.Quote(text)} is not a whole number of bytes";
            return false;
        }

        value = (long)bytes;
        error = null;
        return true;
    }

    /// <summary>The unit that was meant, and all units.</summary>
    public static string UnitProposal(string unit)
    {
        var bits = unit.EndsWith('b') || unit.Contains("bit", StringComparison.OrdinalIgnoreCase) || unit.EndsWith("bps", StringComparison.OrdinalIgnoreCase);
        var nearest = bits ? null : Units.FirstOrDefault(known => known.TrimEnd('B').Equals(unit.TrimEnd('B', 'b'), StringComparison.OrdinalIgnoreCase));
        return $"{(bits ? "bits are not accepted, only bytes. " : nearest is null ? "" : $"did you mean '{nearest}'? ")}Valid units: {string.Join(", ", Units)}";
    }

    private static decimal? Factor(string unit) => unit switch
    {
        "" or "B" => 1,
        "KB" or "kB" => Kilo,
        "MB" => Kilo * Kilo,
        "GB" => Kilo * Kilo * Kilo,
        "TB" => Kilo * Kilo * Kilo * Kilo,
        "KiB" => Kibi,
        "MiB" => Kibi * Kibi,
        "GiB" => Kibi * Kibi * Kibi,
        "TiB" => Kibi * Kibi * Kibi * Kibi,
        _ => null,
    };
}
