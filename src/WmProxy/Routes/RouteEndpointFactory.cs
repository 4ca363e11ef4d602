using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Cors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Routes;

/// <summary>Makes endpoints that compete with YARP's routes on equal terms: same patterns, orders, conditions and policy words.</summary>
internal static class RouteEndpointFactory
{
    /// <summary>The pattern of a match without a path.</summary>
    public const string DefaultPattern = "/{**path}";

    private const string Default = "default";
    private const string Disable = "disable";
    private const string Anonymous = "anonymous";

    public static Endpoint Create(string displayName, RouteMatch match, int? order, EndpointPolicies policies, RequestDelegate handler, object config)
    {
        var pattern = RoutePatternFactory.Parse(string.IsNullOrEmpty(match.Path) ? DefaultPattern : match.Path);
        var builder = new RouteEndpointBuilder(handler, pattern, order ?? 0) { DisplayName = displayName };
        builder.Metadata.Add(config);

        if (match.Hosts is { Count: > 0 } hosts)
        {
            builder.Metadata.Add(new HostAttribute([.. hosts]));
        }

        if (MatchConditions.Create(match) is { } conditions)
        {
            builder.Metadata.Add(conditions);
        }

        if (match.Methods is { Count: > 0 } methods)
        {
            builder.Metadata.Add(new HttpMethodMetadata(WithHead(methods), acceptCorsPreflight: !string.IsNullOrEmpty(policies.Cors)));
        }

        AddPolicies(builder.Metadata, policies);
        return builder.Build();
    }

    // RFC 9110, 9.3.2: what answers GET answers HEAD.
    private static IEnumerable<string> WithHead(IReadOnlyList<string> methods)
    {
        return methods.Any(HttpMethods.IsGet) ? methods.Append(HttpMethods.Head).Distinct(StringComparer.OrdinalIgnoreCase) : methods;
    }

    private static void AddPolicies(IList<object> metadata, EndpointPolicies policies)
    {
        if (!string.IsNullOrEmpty(policies.Cors))
        {
            metadata.Add(Is(policies.Cors, Disable) ? new DisableCorsAttribute()
                : Is(policies.Cors, Default) ? new EnableCorsAttribute()
                : new EnableCorsAttribute(policies.Cors));
        }

        if (!string.IsNullOrEmpty(policies.Authorization))
        {
            metadata.Add(Is(policies.Authorization, Anonymous) ? new AllowAnonymousAttribute()
                : Is(policies.Authorization, Default) ? new AuthorizeAttribute()
                : new AuthorizeAttribute(policies.Authorization));
        }

        // The rate limiter's middleware applies its default (global) limiter by itself.
        if (!string.IsNullOrEmpty(policies.RateLimiter) && !Is(policies.RateLimiter, Default))
        {
            metadata.Add(Is(policies.RateLimiter, Disable) ? new DisableRateLimitingAttribute() : new EnableRateLimitingAttribute(policies.RateLimiter));
        }
    }

    private static bool Is(string policy, string word) => string.Equals(policy, word, StringComparison.OrdinalIgnoreCase);
}
