using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace WmProxy.Configuration.Values;

/// <summary>Durations, as <c>00:00:30</c> or <c>500ms</c>, <c>30s</c>, <c>10m</c>, <c>2h</c>, <c>1d</c>; more than zero.</summary>
internal static class DurationParser
{
    private const string Forms = "write a duration as '500ms', '30s', '10m', '2h', '1d' or '00:00:30'";

    /// <summary>The longest duration; .NET's timers end a little above it.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(24);

    public static bool TryParse(string text, [MaybeNullWhen(false)] out TimeSpan value, [NotNullWhen(false)] out string? error)
    {
        if (!TryRead(text, out value, out error))
        {
            return false;
        }

        error = value <= TimeSpan.Zero ? $"{QuotedText.Quote(text)} is not more than zero"
            : value > Longest ? $"{QuotedText.Quote(text)} is longer than '24d', the longest possible duration"
            : null;
        return error is null;
    }

    private static bool TryRead(string text, out TimeSpan value, [NotNullWhen(false)] out string? error)
    {
        value = TimeSpan.Zero;
        error = null;
        if (text.Contains(':', StringComparison.Ordinal))
        {
            // TimeSpan.Parse takes '24:00:00' as 24 days and passes over blanks; the constant format does not count days in hours.
            if (text.AsSpan().ContainsAnyExcept("0123456789:.-") || text.Split(':') is not { Length: 3 } parts || !IsBelow(parts[1], 60)
                || !IsBelow(parts[0][(parts[0].LastIndexOf('.') + 1)..].TrimStart('-'), 24)
                || !TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out value))
            {
                error = $"{QuotedText.Quote(text)} is not a duration; {Forms} (days, '.', hours below 24, ':', minutes, ':', seconds)";
            }

            return error is null;
        }

        if (!Quantity.TrySplit(text, out var number, out var unit))
        {
            error = $"{QuotedText.Quote(text)} is not a duration; {Forms}";
            return false;
        }

        long? ticks = unit switch
        {
            "ms" => TimeSpan.TicksPerMillisecond,
            "s" => TimeSpan.TicksPerSecond,
            "m" => TimeSpan.TicksPerMinute,
            "h" => TimeSpan.TicksPerHour,
            "d" => TimeSpan.TicksPerDay,
            _ => null,
        };
        if (ticks is null)
        {
            error = unit.Length == 0
                ? $"{QuotedText.Quote(text)} has no unit; did you mean {QuotedText.Quote($"{text}s")}?"
                : $"{QuotedText.Quote(text)} has the unknown unit {QuotedText.Quote(unit)}; {Forms}";
            return false;
        }

        // Far too long is as good as too long.
        var longest = Longest.Ticks + 1;
        value = new TimeSpan(number > longest / (decimal)ticks.Value ? longest : (long)(number * ticks.Value));
        return true;
    }

    private static bool IsBelow(string text, int limit) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < limit;
}
