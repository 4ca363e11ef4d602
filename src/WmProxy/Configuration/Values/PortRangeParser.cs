using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace WmProxy.Configuration.Values;

/// <summary>A port (<c>443</c>), a range (<c>20000-20100</c>), or 0 alone for any free port.</summary>
internal static class PortRangeParser
{
    private const int MaxPort = 65535;

    public static bool TryParse(string text, [MaybeNullWhen(false)] out PortRange value, [NotNullWhen(false)] out string? error)
    {
        value = default;
        var dash = text.IndexOf('-');
        if (!TryParsePort(dash < 0 ? text : text[..dash], out var first) || !TryParsePort(dash < 0 ? text : text[(dash + 1)..], out var last))
        {
            error = $"{QuotedText.Quote(text)} is not a port; write a number from 0 to {MaxPort} or a range as '20000-20100'";
            return false;
        }

        if (dash >= 0 && first == 0)
        {
            error = $"{QuotedText.Quote(text)} starts at 0, which picks a free port and cannot be part of a range";
            return false;
        }

        if (first > last)
        {
            error = $"{QuotedText.Quote(text)} ends before it starts; did you mean '{last}-{first}'?";
            return false;
        }

        value = new PortRange(first, last);
        error = null;
        return true;
    }

    private static bool TryParsePort(string text, out int port)
    {
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= MaxPort;
    }
}
