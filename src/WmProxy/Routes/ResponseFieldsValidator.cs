using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.Linq;
using Microsoft.Net.Http.Headers;
using WmProxy.Configuration;

namespace WmProxy.Routes;

/// <summary>Finds fields that the server would refuse, or that would break the message's framing.</summary>
internal static class ResponseFieldsValidator
{
    private static readonly FrozenSet<string> Framing = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        HeaderNames.ContentLength, HeaderNames.TransferEncoding, HeaderNames.Connection, HeaderNames.KeepAlive, HeaderNames.Upgrade, HeaderNames.Trailer);

    public static IEnumerable<ConfigError> Validate(EquatableDictionary<string> fields, string path)
    {
        foreach (var (name, value) in fields)
        {
            if (name.Length == 0 || !name.All(RouteMatchValidator.IsTokenCharacter))
            {
                yield return new ConfigError($"{path}:{name}", $"'{name}' is not a field name.");
            }
            else if (Framing.Contains(name))
            {
                yield return new ConfigError($"{path}:{name}", $"'{name}' is set by the server alone.");
            }
            else if (!IsValue(value))
            {
                yield return new ConfigError($"{path}:{name}", "A field's value is printable ASCII on one line.");
            }
        }
    }

    /// <summary>An error for <paramref name="value"/> at <paramref name="path"/> if it is set and no field value.</summary>
    public static IEnumerable<ConfigError> ValidateValue(string? value, string path)
    {
        if (value is not null && !IsValue(value))
        {
            yield return new ConfigError(path, "A field's value is printable ASCII on one line.");
        }
    }

    /// <summary>An error for <paramref name="value"/> at <paramref name="path"/> if it is set and no media type.</summary>
    public static IEnumerable<ConfigError> ValidateMediaType(string? value, string path)
    {
        if (value is not null && !(IsValue(value) && MediaTypeHeaderValue.TryParse(value, out _)))
        {
            yield return new ConfigError(path, $"'{value}' is not a media type; one looks like 'text/html; charset=utf-8'.");
        }
    }

    // Kestrel throws on anything else when the answer is already on its way.
    private static bool IsValue(string value) => value.All(static c => c is (>= ' ' and < '\x7f') or '\t');
}
