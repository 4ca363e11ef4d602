using System;
using System.Collections.Generic;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using WmProxy.Configuration.Reading;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Configuration.Validation;

/// <summary>What a <see cref="WmProxyConfig"/> is checked against.</summary>
internal sealed record ConfigValidationContext
{
    /// <summary>The routes of YARP.</summary>
    public IReadOnlyList<RouteConfig> Routes { get; init; } = [];

    /// <summary>The clusters of YARP, without those that streams make with <see cref="StreamConfig.To"/>.</summary>
    public IReadOnlyList<ClusterConfig> Clusters { get; init; } = [];

    /// <summary>The host's route constraints; <see langword="null"/> leaves those of path patterns unchecked.</summary>
    public ParameterPolicyFactory? RouteConstraints { get; init; }

    /// <summary>Where HTTP listens.</summary>
    public IReadOnlyList<KestrelEndpointUrl> KestrelEndpoints { get; init; } = [];

    /// <summary>The folder that relative paths of files start from.</summary>
    public string BaseDirectory { get; init; } = Environment.CurrentDirectory;

    /// <summary>
    /// Whether the program runs on its own. Inside another app, that app may listen and route by itself: then listening on nothing and
    /// routes to unknown clusters are its own affair.
    /// </summary>
    public bool IsStandalone { get; init; }

    /// <summary>The configuration as it was written, to show paths in the user's own spelling.</summary>
    public IConfiguration? Source { get; init; }
}
