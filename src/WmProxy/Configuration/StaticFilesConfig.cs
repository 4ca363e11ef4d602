using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Configuration;

/// <summary>One entry of <c>WmProxy:StaticFiles</c>: a folder served over HTTP.</summary>
public sealed record StaticFilesConfig
{
    /// <summary>The name under <c>WmProxy:StaticFiles</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The requests served, as in a YARP route. Default: every path.</summary>
    public RouteMatch Match { get; init; } = new() { Path = "/{**path}" };

    /// <summary>The order among all routes; lower is tried first. Default: as the route's pattern has it.</summary>
    public int? Order { get; init; }

    /// <summary>The folder, relative to the configuration's folder.</summary>
    public required string Root { get; init; }

    /// <summary>The part of the request path to strip before the file is looked up. Default: none.</summary>
    public string? Prefix { get; init; }

    /// <summary>Whether a folder without an index file is listed. Default: false.</summary>
    public bool? Browse { get; init; }

    /// <summary>The files that stand for their folder, in order of preference. Default: <c>index.html</c>.</summary>
    public EquatableArray<string>? IndexFiles { get; init; }

    /// <summary>The paths tried in turn; <c>{path}</c> is the requested one. Default: <c>{path}</c> alone.</summary>
    public EquatableArray<string> TryPaths { get; init; }

    /// <summary>Globs of names never served nor listed. Default: <c>.*</c>.</summary>
    public EquatableArray<string>? Hide { get; init; }

    /// <summary>The encodings of precompressed neighbours (<c>br</c>, <c>gzip</c>) that are served when the client takes them.</summary>
    public EquatableArray<string> Precompressed { get; init; }

    /// <summary>The <c>Cache-Control</c> field of answers. Default: none.</summary>
    public string? CacheControl { get; init; }

    /// <summary>Media types by file ending, beyond and before the built-in ones.</summary>
    public EquatableDictionary<string> MimeTypes { get; init; } = EquatableDictionary<string>.Empty;

    /// <summary>The media type of unknown endings. Default: <c>application/octet-stream</c>.</summary>
    public string? DefaultContentType { get; init; }

    /// <summary>The file, below <see cref="Root"/>, sent with 404. Default: none.</summary>
    public string? NotFoundFile { get; init; }

    /// <summary>Fields added to every answer.</summary>
    public EquatableDictionary<string> Headers { get; init; } = EquatableDictionary<string>.Empty;

    /// <summary>The CORS policy of the host, as in a YARP route.</summary>
    public string? CorsPolicy { get; init; }

    /// <summary>The rate limiter policy of the host, as in a YARP route.</summary>
    public string? RateLimiterPolicy { get; init; }

    /// <summary>The authorization policy of the host, as in a YARP route.</summary>
    public string? AuthorizationPolicy { get; init; }
}
