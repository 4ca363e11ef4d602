using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.Extensions.Configuration;
using WmProxy.Configuration.Reading;

namespace WmProxy.Configuration;

/// <summary>Reads the <c>WmProxy</c> section strictly: unknown keys, wrong types and wrong values are errors with their full key path.</summary>
internal static class WmProxyConfigReader
{
    public const string SectionName = "WmProxy";

    /// <summary>Reads the section below <paramref name="root"/>; without it, the configuration is empty.</summary>
    /// <param name="root">The whole configuration.</param>
    /// <param name="baseDirectory">The folder that relative paths of files start from.</param>
    /// <returns>What could be read, to validate the rest of it, and all errors. It may be used only when there are none.</returns>
    public static (WmProxyConfig Config, IReadOnlyList<ConfigError> Errors) Read(IConfiguration root, string baseDirectory)
    {
        var errors = new List<ConfigError>();
        var section = root.GetChildren().FirstOrDefault(child => child.Key.Equals(SectionName, StringComparison.OrdinalIgnoreCase));
        if (section is null)
        {
            return (new WmProxyConfig(), errors);
        }

        if (!string.IsNullOrEmpty(section.Value))
        {
            errors.Add(new ConfigError(section.Path, "a section with keys is expected here, not a single value"));
        }

        var reader = new ConfigSectionReader(section, new ConfigReadContext(baseDirectory, errors));
        var config = Read(reader);
        reader.ReportUnknownKeys();
        return (config, errors);
    }

    private static WmProxyConfig Read(ConfigSectionReader section)
    {
        section.RejectUnavailable(
            "TunnelServer", "TunnelAgents", "Routes", "RateLimiters", "AuthorizationPolicies", "CorsPolicies",
            "TimeoutPolicies", "OutputCachePolicies", "TrustedProxies", "HttpProxyProtocol", "AccessLog", "Admin");
        return new WmProxyConfig
        {
            Streams = section.ReadMap("Streams", StreamConfigReader.Read),
            ForwardProxies = section.ReadMap("ForwardProxies", ForwardProxyConfigReader.Read),
            StaticFiles = section.ReadMap("StaticFiles", StaticFilesConfigReader.Read),
            StaticResponses = section.ReadMap("StaticResponses", StaticResponseConfigReader.Read),
            Engine = section.ReadEnum<RelayEngineKind>("Engine"),
            DrainTimeout = section.ReadDuration("DrainTimeout"),
        };
    }
}
