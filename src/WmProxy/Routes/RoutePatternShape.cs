using System.Linq;
using Microsoft.AspNetCore.Routing.Patterns;

namespace WmProxy.Routes;

/// <summary>What of a route pattern decides which paths it takes, and with what precedence: everything but the names of its parameters.</summary>
internal static class RoutePatternShape
{
    /// <summary>Equal for patterns that take the same paths, as <c>/{**path}</c> and <c>/{**rest}</c>; a pattern that cannot be parsed is its own.</summary>
    public static string Of(string? path)
    {
        try
        {
            var pattern = RoutePatternFactory.Parse(string.IsNullOrEmpty(path) ? RouteEndpointFactory.DefaultPattern : path);
            return string.Join('/', pattern.PathSegments.Select(segment => string.Concat(segment.Parts.Select(Of))));
        }
        catch (RoutePatternException)
        {
            // The validator of matches says what is wrong with it.
            return $"?{path}";
        }
    }

    private static string Of(RoutePatternPart part)
    {
        return part switch
        {
            RoutePatternLiteralPart literal => literal.Content.ToUpperInvariant(),
            RoutePatternSeparatorPart separator => separator.Content,
            RoutePatternParameterPart parameter => string.Concat(
                "{",
                parameter.IsCatchAll ? "*" : "",
                parameter.IsOptional || parameter.Default is not null ? "?" : "",
                string.Concat(parameter.ParameterPolicies.Select(policy => $":{policy.Content}")),
                "}"),
            _ => part.ToString() ?? "",
        };
    }
}
