using System;
using System.Buffers;
using System.Collections.Frozen;
using System.Linq;
using Microsoft.Net.Http.Headers;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Validation;

/// <summary>Names and values of HTTP fields (RFC 9110 section 5).</summary>
internal static class FieldSyntax
{
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly FrozenSet<string> Framing = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        HeaderNames.Connection, HeaderNames.ContentLength, HeaderNames.KeepAlive, HeaderNames.Trailer, HeaderNames.TransferEncoding, HeaderNames.Upgrade);

    public static bool IsToken(string text) => text.Length > 0 && !text.AsSpan().ContainsAnyExcept(TokenCharacters);

    public static void ValidateFields(string path, EquatableDictionary<string> fields, ConfigErrorCollector errors)
    {
        foreach (var (name, value) in fields)
        {
            var error = !IsToken(name) ? $"{QuotedText.Quote(name)} is not the name of a header"
                : Framing.Contains(name) ? $"'{name}' belongs to the connection and is set by the server"
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

    /// <summary>Whether a field can have this value. Kestrel throws on anything but ASCII, when the answer is on its way already.</summary>
    public static bool IsValue(string text) => text.All(c => c is (>= ' ' and <= '~') or '\t');

    private static string? FindValueError(string value)
    {
        return !IsValue(value) ? $"{QuotedText.Quote(value)} has a character that a header cannot carry (line end, NUL, control or beyond ASCII)" : null;
    }
}
