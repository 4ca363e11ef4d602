using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using WmProxy.Configuration;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Routes;

/// <summary>Finds in a route match what routing would otherwise only find, by throwing, while requests wait.</summary>
internal static class RouteMatchValidator
{
    /// <param name="match">The match.</param>
    /// <param name="path">Its key path, ending in <c>:Match</c>.</param>
    /// <param name="constraints">The host's route constraints; <see langword="null"/> leaves their names unchecked.</param>
    public static IEnumerable<ConfigError> Validate(RouteMatch match, string path, ParameterPolicyFactory? constraints)
    {
        if (!string.IsNullOrEmpty(match.Path) && FindPatternError(match.Path, constraints) is { } patternError)
        {
            yield return new ConfigError($"{path}:Path", $"'{match.Path}' is not a route pattern: {patternError}");
        }

        foreach (var (index, host) in (match.Hosts ?? []).Index())
        {
            if (FindHostError(host) is { } hostError)
            {
                yield return new ConfigError($"{path}:Hosts:{index}", hostError);
            }
        }

        foreach (var (index, method) in (match.Methods ?? []).Index())
        {
            if (string.IsNullOrEmpty(method) || !method.All(IsTokenCharacter))
            {
                yield return new ConfigError($"{path}:Methods:{index}", $"'{method}' is not an HTTP method.");
            }
        }

        foreach (var (index, header) in (match.Headers ?? []).Index())
        {
            var isPresence = header.Mode is HeaderMatchMode.Exists or HeaderMatchMode.NotExists;
            foreach (var message in ValidateCondition(header.Name, header.Values, isPresence, header.Mode))
            {
                yield return new ConfigError($"{path}:Headers:{index}", message);
            }
        }

        foreach (var (index, parameter) in (match.QueryParameters ?? []).Index())
        {
            foreach (var message in ValidateCondition(parameter.Name, parameter.Values, parameter.Mode is QueryParameterMatchMode.Exists, parameter.Mode))
            {
                yield return new ConfigError($"{path}:QueryParameters:{index}", message);
            }
        }
    }

    /// <summary>Whether <paramref name="c"/> may stand in a token (RFC 9110, 5.6.2).</summary>
    public static bool IsTokenCharacter(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c);

    private static IEnumerable<string> ValidateCondition(string? name, IReadOnlyList<string>? values, bool isPresence, Enum mode)
    {
        if (string.IsNullOrEmpty(name))
        {
            yield return "Name is missing.";
        }

        if (isPresence && values is { Count: > 0 })
        {
            yield return $"Mode {mode} takes no Values.";
        }

        if (!isPresence && (values is not { Count: > 0 } || values.Any(string.IsNullOrEmpty)))
        {
            yield return $"Mode {mode} needs Values, none of them empty.";
        }
    }

    private static string? FindPatternError(string text, ParameterPolicyFactory? constraints)
    {
        try
        {
            var pattern = RoutePatternFactory.Parse(text);
            foreach (var (name, references) in pattern.ParameterPolicies)
            {
                foreach (var reference in references)
                {
                    constraints?.Create(pattern.GetParameter(name), reference);
                }
            }

            return null;
        }
        catch (Exception e) when (e is RoutePatternException or InvalidOperationException or ArgumentException or FormatException or RouteCreationException)
        {
            return e.Message;
        }
    }

    // The forms that routing's host policy takes: name, *.name, *, each with an optional port.
    private static string? FindHostError(string? host)
    {
        if (string.IsNullOrEmpty(host))
        {
            return "A host is empty.";
        }

        if (host.Contains("xn--", StringComparison.OrdinalIgnoreCase))
        {
            return $"'{host}' is in punycode: write the name in Unicode.";
        }

        // After an IPv6 address's bracket, or the only colon there is.
        var colon = host.IndexOf(':', host.LastIndexOf(']') + 1);
        if (colon >= 0 && host[(colon + 1)..] != "*"
            && !(ushort.TryParse(host.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0))
        {
            return $"'{host}' has no valid port after the colon.";
        }

        var name = colon < 0 ? host : host[..colon];
        return name.Length == 0 || name.Contains('/') || name.LastIndexOf('*') > 0 || (name.StartsWith('*') && name.Length > 1 && !name.StartsWith("*.", StringComparison.Ordinal))
            ? $"'{host}' is not a host: 'name', '*.name' or '*', with ':port' if need be."
            : null;
    }
}
