using System;
using System.Buffers;

namespace WmProxy.StaticFiles;

/// <summary>The names that mean something else than a file of that name on Windows.</summary>
internal static class WindowsNames
{
    // Among them the colon of drives and of alternate data streams (name::$DATA).
    private static readonly SearchValues<char> Reserved = SearchValues.Create("<>:\"|?*");

    public static bool IsPlain(ReadOnlySpan<char> name)
    {
        // Trailing dots and spaces are dropped when a file is opened, so "secret.txt." would get past a rule for "secret.txt".
        if (name.ContainsAny(Reserved) || name[^1] is '.' or ' ')
        {
            return false;
        }

        // A short name (GIT~1) would get past a rule for the long one (.git).
        var tilde = name.IndexOf('~');
        return !(tilde >= 0 && tilde + 1 < name.Length && char.IsAsciiDigit(name[tilde + 1])) && !IsDevice(name);
    }

    // A device keeps its meaning with any ending: "nul.txt" is NUL.
    private static bool IsDevice(ReadOnlySpan<char> name)
    {
        var dot = name.IndexOf('.');
        var stem = (dot < 0 ? name : name[..dot]).TrimEnd(' ');
        if (stem.Length == 4)
        {
            var isPort = stem.StartsWith("COM", StringComparison.OrdinalIgnoreCase) || stem.StartsWith("LPT", StringComparison.OrdinalIgnoreCase);
            return isPort && (char.IsAsciiDigit(stem[3]) || stem[3] is '\u00B9' or '\u00B2' or '\u00B3');
        }

        return stem.Equals("CON", StringComparison.OrdinalIgnoreCase) || stem.Equals("PRN", StringComparison.OrdinalIgnoreCase)
            || stem.Equals("AUX", StringComparison.OrdinalIgnoreCase) || stem.Equals("NUL", StringComparison.OrdinalIgnoreCase)
            || stem.Equals("CONIN$", StringComparison.OrdinalIgnoreCase) || stem.Equals("CONOUT$", StringComparison.OrdinalIgnoreCase);
    }
}
