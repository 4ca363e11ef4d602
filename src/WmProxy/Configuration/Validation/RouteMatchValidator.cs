using System;
using System.Collections.Generic;
using Microsoft.AspNetCore.Routing.Patterns;
using WmProxy.Configuration.Values;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Configuration.Validation;

/// <summary>A <c>Match</c> that routing can use, by the rules that YARP has for its routes.</summary>
internal static class RouteMatchValidator
{
    public static void Validate(string path, RouteMatch match, ConfigErrorCollector errors)
    {
        ValidatePath(ConfigKeyPath.Of(path, "Path"), match.Path, errors);
        ValidateItems(ConfigKeyPath.Of(path, "Hosts"), match.Hosts, FindHostError, errors);
        ValidateItems(ConfigKeyPath.Of(path, "Methods"), match.Methods, method => FieldSyntax.IsToken(method) ? null : $"{QuotedText.Quote(method)} is not an HTTP method", errors);
        for (var i = 0; i < match.Headers?.Count; i++)
        {
            var header = match.Headers[i];
            var item = ConfigKeyPath.Item(ConfigKeyPath.Of(path, "Headers"), i);
            if (header.Name.Length > 0 && !FieldSyntax.IsToken(header.Name))
            {
                errors.Add(ConfigKeyPath.Of(item, "Name"), $"{QuotedText.Quote(header.Name)} is not the name of a header");
            }

            ValidateValues(item, header.Values, $"{header.Mode}", header.Mode is HeaderMatchMode.Exists or HeaderMatchMode.NotExists, errors);
        }

        for (var i = 0; i < match.QueryParameters?.Count; i++)
        {
            var parameter = match.QueryParameters[i];
            var item = ConfigKeyPath.Item(ConfigKeyPath.Of(path, "QueryParameters"), i);
            ValidateValues(item, parameter.Values, $"{parameter.Mode}", parameter.Mode is QueryParameterMatchMode.Exists, errors);
        }
    }

    private static void ValidatePath(string path, string? pattern, ConfigErrorCollector errors)
    {
        try
        {
            _ = RoutePatternFactory.Parse(pattern ?? "");
        }
        catch (RoutePatternException e)
        {
            errors.Add(path, $"{QuotedText.Quote(pattern ?? "")} is not a path pattern: {e.Message}");
        }
    }

    private static void ValidateItems(string path, IReadOnlyList<string>? items, Func<string, string?> findError, ConfigErrorCollector errors)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < items?.Count; i++)
        {
            if ((seen.Add(items[i]) ? findError(items[i]) : $"{QuotedText.Quote(items[i])} is listed twice") is { } error)
            {
                errors.Add(ConfigKeyPath.Item(path, i), error);
            }
        }
    }

    private static string? FindHostError(string host)
    {
        return host.Contains("xn--", StringComparison.OrdinalIgnoreCase) ? $"{QuotedText.Quote(host)} is in its ASCII form; routing compares the Unicode form"
            : host.AsSpan().ContainsAny("/ \t\r\n\0") ? $"{QuotedText.Quote(host)} is not a host; write it as 'example.com', '*.example.com' or 'example.com:8443'"
            : null;
    }

    private static void ValidateValues(string path, IReadOnlyList<string>? values, string mode, bool isPresenceOnly, ConfigErrorCollector errors)
    {
        if (isPresenceOnly && values?.Count > 0)
        {
            errors.Add(ConfigKeyPath.Of(path, "Values"), $"has no effect with the mode '{mode}'");
        }
        else if (!isPresenceOnly && values is null or { Count: 0 })
        {
            errors.Add(ConfigKeyPath.Of(path, "Values"), $"is required with the mode '{mode}'");
        }
    }
}
