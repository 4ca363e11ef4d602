using System.Collections.Generic;
using System.Linq;
using WmProxy.Configuration;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Routes;

/// <summary>Entries that ask for the very same requests: routing would answer each of those with an error.</summary>
internal static class EndpointConflicts
{
    public static IEnumerable<ConfigError> Find(WmProxyConfig config)
    {
        var entries = config.StaticFiles.Values.Select(files => (Path: $"WmProxy:StaticFiles:{files.Id}", files.Match, files.Order))
            .Concat(config.StaticResponses.Values.Select(response => (Path: $"WmProxy:StaticResponses:{response.Id}", response.Match, response.Order)));
        Dictionary<(RouteMatch Match, int Order), string> seen = [];
        foreach (var (path, match, order) in entries)
        {
            if (!seen.TryAdd((match, order ?? 0), path))
            {
                yield return new ConfigError($"{path}:Match", $"The same requests go to {seen[(match, order ?? 0)]}: give one of them another Match or Order.");
            }
        }
    }
}
