using System;
using System.Collections.Generic;
using System.Linq;
using WmProxy.Configuration;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Routes;

/// <summary>Entries that ask for the very same requests, of each other or of a route of YARP: routing would answer each of those with an error.</summary>
internal static class EndpointConflicts
{
    public static IEnumerable<ConfigError> Find(WmProxyConfig config, IReadOnlyList<RouteConfig> routes)
    {
        // Two routes with the same requests are YARP's own affair, which says so itself; routes come first, so that the error is about ours.
        var yarp = routes.Select(route => (Path: $"ReverseProxy:Routes:{route.RouteId}", route.Match, route.Order, IsOurs: false));
        var files = config.StaticFiles.Values.Select(files => (Path: $"WmProxy:StaticFiles:{files.Id}", files.Match, files.Order, IsOurs: true));
        var responses = config.StaticResponses.Values.Select(response => (Path: $"WmProxy:StaticResponses:{response.Id}", response.Match, response.Order, IsOurs: true));
        var places = yarp.Concat(files).Concat(responses)
            .Where(entry => entry.Match is not null)
            .GroupBy(entry => (RoutePatternShape.Of(entry.Match.Path), entry.Order ?? 0), entry => entry);
        foreach (var place in places)
        {
            var seen = new List<(string Path, RouteMatch Match)>();
            foreach (var (path, match, _, isOurs) in place)
            {
                if (isOurs && seen.Find(other => Meet(other.Match, match)) is { Path: not null } other)
                {
                    yield return new ConfigError(
                        $"{path}:Match", $"The same requests go to {other.Path}: give one of them another Match or Order (the lower Order wins).");
                }
                else
                {
                    seen.Add((path, match));
                }
            }
        }
    }

    // Of two endpoints with the same pattern the one that says more about the request wins; those that say the same are on a par.
    private static bool Meet(RouteMatch left, RouteMatch right)
    {
        return Meet(left.Hosts, right.Hosts) && Meet(left.Methods, right.Methods) && Conditions(left).Equals(Conditions(right));
    }

    private static bool Meet(IReadOnlyList<string>? left, IReadOnlyList<string>? right)
    {
        return left is { Count: > 0 } && right is { Count: > 0 }
            ? left.Intersect(right, StringComparer.OrdinalIgnoreCase).Any()
            : left is not { Count: > 0 } && right is not { Count: > 0 };
    }

    private static RouteMatch Conditions(RouteMatch match) => match with
    {
        Path = null,
        Hosts = null,
        Methods = null,
        Headers = match.Headers is { Count: > 0 } ? match.Headers : null,
        QueryParameters = match.QueryParameters is { Count: > 0 } ? match.QueryParameters : null,
    };
}
