using System;
using System.Collections.Generic;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Constraints;
using Microsoft.AspNetCore.Routing.Patterns;
using WmProxy.Configuration.Values;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Configuration.Validation;

/// <summary>Finds in a <c>Match</c> what routing would otherwise only find, by throwing, while requests wait.</summary>
internal static class RouteMatchValidator
{
    /// <param name="path">The key path of the match.</param>
    /// <param name="match">The match.</param>
    /// <param name="constraints">The host's route constraints; <see langword="null"/> leaves those of the path unchecked.</param>
    /// <param name="errors">Takes what is wrong.</param>
    public static void Validate(string path, RouteMatch match, ParameterPolicyFactory? constraints, ConfigErrorCollector errors)
    {
        if (match.Path is { } pattern && FindPatternError(pattern, constraints) is { } error)
        {
            errors.Add(ConfigKeyPath.Of(path, "Path"), $"{QuotedText.Quote(pattern)} is not a path pattern: {error}");
        }

        ValidateItems(ConfigKeyPath.Of(path, "Hosts"), match.Hosts, RouteHostSyntax.FindError, errors);
        ValidateItems(ConfigKeyPath.Of(path, "Methods"), match.Methods, method => FieldSyntax.IsToken(method) ? null : $"{QuotedText.Quote(method)} is not an HTTP method", errors);
        for (var i = 0; i < match.Headers?.Count; i++)
        {
            var header = match.Headers[i];
            var item = ConfigKeyPath.Item(ConfigKeyPath.Of(path, "Headers"), i);
            if (ValidateName(item, header.Name, errors) && !FieldSyntax.IsToken(header.Name))
            {
                errors.Add(ConfigKeyPath.Of(item, "Name"), $"{QuotedText.Quote(header.Name)} is not the name of a header");
            }

            ValidateValues(item, header.Values, $"{header.Mode}", header.Mode is HeaderMatchMode.Exists or HeaderMatchMode.NotExists, errors);
        }

        for (var i = 0; i < match.QueryParameters?.Count; i++)
        {
            var parameter = match.QueryParameters[i];
            var item = ConfigKeyPath.Item(ConfigKeyPath.Of(path, "QueryParameters"), i);
            ValidateName(item, parameter.Name, errors);
            ValidateValues(item, parameter.Values, $"{parameter.Mode}", parameter.Mode is QueryParameterMatchMode.Exists, errors);
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
                    Compile(constraints?.Create(pattern.GetParameter(name), reference));
                }
            }

            return null;
        }
        catch (Exception e) when (e is RoutePatternException or InvalidOperationException or ArgumentException or FormatException or RouteCreationException)
        {
            return e.Message;
        }
    }

    // Routing compiles an expression when the first request comes.
    private static void Compile(IParameterPolicy? policy)
    {
        var constraint = policy is OptionalRouteConstraint optional ? optional.InnerConstraint : policy;
        _ = (constraint as RegexRouteConstraint)?.Constraint;
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

    private static bool ValidateName(string path, string? name, ConfigErrorCollector errors)
    {
        if (string.IsNullOrEmpty(name))
        {
            errors.Add(ConfigKeyPath.Of(path, "Name"), "is required");
        }

        return !string.IsNullOrEmpty(name);
    }

    private static void ValidateValues(string path, IReadOnlyList<string>? values, string mode, bool isPresenceOnly, ConfigErrorCollector errors)
    {
        var valuesPath = ConfigKeyPath.Of(path, "Values");
        if (isPresenceOnly)
        {
            if (values?.Count > 0)
            {
                errors.Add(valuesPath, $"has no effect with the mode '{mode}'");
            }

            return;
        }

        if (values is null or { Count: 0 })
        {
            errors.Add(valuesPath, $"is required with the mode '{mode}'");
        }

        for (var i = 0; i < values?.Count; i++)
        {
            if (string.IsNullOrEmpty(values[i]))
            {
                errors.Add(ConfigKeyPath.Item(valuesPath, i), "is empty");
            }
        }
    }
}
