using System;
using System.Linq;
using Microsoft.Extensions.Configuration;

namespace WmProxy.Server.Http;

/// <summary>Whether and where a configuration asks for HTTP.</summary>
internal static class HttpUrls
{
    public static bool HasEndpoints(IConfiguration configuration) => configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();

    /// <summary>ASP.NET Core's short form: <c>urls</c>, and its ports.</summary>
    public static string[] Get(IConfiguration configuration)
    {
        if (!string.IsNullOrWhiteSpace(configuration["urls"]))
        {
            return Split(configuration["urls"]);
        }

        return [.. Split(configuration["http_ports"]).Select(port => $"http://*:{port}"), .. Split(configuration["https_ports"]).Select(port => $"https://*:{port}")];
    }

    public static bool AsksForHttp(IConfiguration configuration) => HasEndpoints(configuration) || Get(configuration).Length > 0;

    private static string[] Split(string? list) => list?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
