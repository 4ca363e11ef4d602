using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.Extensions.Configuration;

namespace WmProxy.Configuration.Reading;

/// <summary>Finds where HTTP listens: <c>Kestrel:Endpoints</c>, else <c>urls</c>, else <c>http_ports</c> and <c>https_ports</c>, as Kestrel does.</summary>
internal static class KestrelEndpointReader
{
    public static IReadOnlyList<KestrelEndpointUrl> Read(IConfiguration root)
    {
        var kestrel = root.GetChildren().FirstOrDefault(section => Is(section, "Kestrel"));
        var defaults = kestrel?["EndpointDefaults:Protocols"];
        var urls = kestrel?.GetChildren().FirstOrDefault(section => Is(section, "Endpoints"))?.GetChildren()
            .SelectMany(endpoint => endpoint.GetChildren().Where(section => Is(section, "Url")), (endpoint, url) => (Url: url, Protocols: endpoint["Protocols"] ?? defaults))
            .Where(endpoint => !string.IsNullOrWhiteSpace(endpoint.Url.Value))
            .Select(endpoint => new KestrelEndpointUrl(endpoint.Url.Path, endpoint.Url.Value!, endpoint.Protocols?.Contains("Http3", StringComparison.OrdinalIgnoreCase) ?? false))
            .ToList();
        if (urls is { Count: > 0 })
        {
            return urls;
        }

        urls = [.. Split(root, "urls").Select(url => new KestrelEndpointUrl("urls", url))];
        return urls.Count > 0
            ? urls
            : [
                .. Split(root, "http_ports").Select(port => new KestrelEndpointUrl("http_ports", $"http://*:{port}")),
                .. Split(root, "https_ports").Select(port => new KestrelEndpointUrl("https_ports", $"https://*:{port}")),
            ];
    }

    private static string[] Split(IConfiguration root, string key)
    {
        return (root[key] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    private static bool Is(IConfigurationSection section, string key) => section.Key.Equals(key, StringComparison.OrdinalIgnoreCase);
}
