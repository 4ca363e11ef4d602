using System;
using System.Buffers;
using System.Text;

namespace WmProxy.ForwardProxy.Http;

/// <summary>One field line of a head (RFC 9112 section 5), read without leniences.</summary>
internal readonly ref struct FieldLine
{
    private static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private readonly ReadOnlySpan<byte> _name;

    private FieldLine(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        _name = name;
        Value = value;
    }

    /// <summary>The value without white space around it.</summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>Reads a line without its CR LF; one that continues the line before (obs-fold) is malformed too.</summary>
    public static bool TryParse(ReadOnlySpan<byte> line, out FieldLine field)
    {
        field = default;
        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[..colon].ContainsAnyExcept(TokenBytes))
        {
            return false;
        }

        var value = line[(colon + 1)..].Trim(" \t"u8);
        foreach (var b in value)
        {
            // RFC 9110 section 5.5.
            if (b is (< 32 and not (byte)'\t') or 127)
            {
                return false;
            }
        }

        field = new FieldLine(line[..colon], value);
        return true;
    }

    public bool Is(ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(_name, name);

    /// <summary>Whether the value, a list, has <paramref name="option"/>.</summary>
    public bool HasOption(ReadOnlySpan<byte> option)
    {
        foreach (var part in Value.Split((byte)','))
        {
            if (Ascii.EqualsIgnoreCase(Value[part].Trim(" \t"u8), option))
            {
                return true;
            }
        }

        return false;
    }
}
