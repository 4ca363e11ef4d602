using System;
using System.Buffers;
using System.Linq;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Validation;

/// <summary>Names and values of HTTP fields (RFC 9110 section 5).</summary>
internal static class FieldSyntax
{
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly string[] Framing = ["Connection", "Content-Length", "Transfer-Encoding", "Upgrade"];

    public static bool IsToken(string text) => text.Length > 0 && !text.AsSpan().ContainsAnyExcept(TokenCharacters);

    public static void ValidateFields(string path, EquatableDictionary<string> fields, ConfigErrorCollector errors)
    {
        foreach (var (name, value) in fields)
        {
            var error = !IsToken(name) ? $"{QuotedText.Quote(name)} is not the name of a header"
                : Framing.Contains(name, StringComparer.OrdinalIgnoreCase) ? $"'{name}' belongs to the connection and is set by the server"
                : FindValueError(value);
            if (error is not null)
            {
                errors.Add(ConfigKeyPath.Of(path, name), error);
            }
        }
    }

    public static void ValidateValue(string path, string? value, ConfigErrorCollector errors)
    {
        if (value is not null && FindValueError(value) is { } error)
        {
            errors.Add(path, error);
        }
    }

    // Kestrel sends ASCII alone.
    private static string? FindValueError(string value)
    {
        return value.Any(c => c is < ' ' and not '\t' or > '~') ? $"{QuotedText.Quote(value)} has a character that a header cannot carry (line end, NUL, control or beyond ASCII)" : null;
    }
}
