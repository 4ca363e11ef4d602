using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Configuration;

/// <summary>One entry of <c>WmProxy:StaticResponses</c>: an answer that is always the same.</summary>
public sealed record StaticResponseConfig
{
    /// <summary>The name under <c>WmProxy:StaticResponses</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The requests answered, as in a YARP route. Default: every path.</summary>
    public RouteMatch Match { get; init; } = new() { Path = "/{**path}" };

    /// <summary>The order among all routes; lower is tried first. Default: as the route's pattern has it.</summary>
    public int? Order { get; init; }

    /// <summary>The status. Default: 200.</summary>
    public int? StatusCode { get; init; }

    /// <summary>The media type of <see cref="Body"/>. Default: <c>text/plain; charset=utf-8</c>.</summary>
    public string? ContentType { get; init; }

    /// <summary>The body, sent as UTF-8. Default: empty.</summary>
    public string? Body { get; init; }

    /// <summary>Fields of the answer.</summary>
    public EquatableDictionary<string> Headers { get; init; } = EquatableDictionary<string>.Empty;

    /// <summary>The CORS policy of the host, as in a YARP route.</summary>
    public string? CorsPolicy { get; init; }

    /// <summary>The rate limiter policy of the host, as in a YARP route.</summary>
    public string? RateLimiterPolicy { get; init; }

    /// <summary>The authorization policy of the host, as in a YARP route.</summary>
    public string? AuthorizationPolicy { get; init; }
}
