using System;
using System.Buffers;

namespace WmProxy.Http1;

/// <summary>One field line of a head (RFC 9112 section 5), without its line end.</summary>
internal readonly ref struct FieldLine
{
    /// <summary>What tokens are made of (RFC 9110 section 5.6.2).</summary>
    public static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    // RFC 9110 section 5.5: what no value may contain.
    private static readonly SearchValues<byte> ControlBytes =
        SearchValues.Create([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127]);

    private FieldLine(int nameLength, int valueStart, int valueLength) => (NameLength, ValueStart, ValueLength) = (nameLength, valueStart, valueLength);

    public int NameLength { get; }

    /// <summary>Where in the line the value begins, without the white space around it.</summary>
    public int ValueStart { get; }

    public int ValueLength { get; }

    /// <summary>Whether <paramref name="text"/> is a token (RFC 9110 section 5.6.2): a method, the name of a field.</summary>
    public static bool IsToken(ReadOnlySpan<byte> text) => !text.IsEmpty && !text.ContainsAnyExcept(TokenBytes);

    /// <summary>Whether <paramref name="text"/> may be part of a value, or of a reason phrase.</summary>
    public static bool IsText(ReadOnlySpan<byte> text) => !text.ContainsAny(ControlBytes);

    /// <summary>Reads a line; one that continues the line before (obs-fold) is none.</summary>
    /// <param name="line">The line.</param>
    /// <param name="allowsSpace">
    /// Whether white space may stand before the colon: never in a request, whose recipients could disagree about it; a proxy takes it out of a response
    /// (RFC 9112 section 5.1).
    /// </param>
    /// <param name="field">Where in the line name and value are.</param>
    public static bool TryParse(ReadOnlySpan<byte> line, bool allowsSpace, out FieldLine field)
    {
        field = default;
        var colon = line.IndexOf((byte)':');
        if (colon <= 0)
        {
            return false;
        }

        var name = allowsSpace ? line[..colon].TrimEnd(" \t"u8) : line[..colon];
        if (!IsToken(name))
        {
            return false;
        }

        var start = colon + 1;
        var end = line.Length;
        while (start < end && line[start] is (byte)' ' or (byte)'\t')
        {
            start++;
        }

        while (end > start && line[end - 1] is (byte)' ' or (byte)'\t')
        {
            end--;
        }

        if (!IsText(line[start..end]))
        {
            return false;
        }

        field = new FieldLine(name.Length, start, end - start);
        return true;
    }
}
