using static WmProxy.Configuration.Validation.KnownKeys;

namespace WmProxy.Configuration.Validation;

/// <summary>The keys that YARP 2.3.0 reads below <c>ReverseProxy</c>; a test compares them with the schema in YARP's package.</summary>
internal static class ReverseProxyKeys
{
    private static readonly KnownKeys MatchItem = Object(["Name", "Mode", "IsCaseSensitive"], ("Values", ValueList));

    private static readonly KnownKeys Route = Object(
        ["ClusterId", "Order", "MaxRequestBodySize", "AuthorizationPolicy", "RateLimiterPolicy", "OutputCachePolicy", "Timeout", "TimeoutPolicy", "CorsPolicy"],
        ("Match", Object(["Path"], ("Hosts", ValueList), ("Methods", ValueList), ("Headers", Each(MatchItem)), ("QueryParameters", Each(MatchItem)))),
        ("Metadata", Anything),
        ("Transforms", Anything));

    private static readonly KnownKeys SessionAffinity = Object(
        ["Enabled", "Policy", "FailurePolicy", "AffinityKeyName"],
        ("Cookie", Object(["Domain", "Path", "Expiration", "MaxAge", "SecurePolicy", "HttpOnly", "SameSite", "IsEssential"])));

    private static readonly KnownKeys HealthCheck = Object(
        ["AvailableDestinationsPolicy"],
        ("Active", Object(["Enabled", "Interval", "Timeout", "Policy", "Path", "Query"])),
        ("Passive", Object(["Enabled", "Policy", "ReactivationPeriod"])));

    private static readonly KnownKeys HttpClient = Object(
        ["DangerousAcceptAnyServerCertificate", "MaxConnectionsPerServer", "EnableMultipleHttp2Connections", "RequestHeaderEncoding", "ResponseHeaderEncoding"],
        ("SslProtocols", ValueList),
        ("WebProxy", Object(["Address", "BypassOnLocal", "UseDefaultCredentials"])));

    private static readonly KnownKeys Cluster = Object(
        ["LoadBalancingPolicy"],
        ("Destinations", Each(Object(["Address", "Health", "Host"], ("Metadata", Anything)))),
        ("SessionAffinity", SessionAffinity),
        ("HealthCheck", HealthCheck),
        ("HttpClient", HttpClient),
        ("HttpRequest", Object(["ActivityTimeout", "Version", "VersionPolicy", "AllowResponseBuffering"])),
        ("Metadata", Anything));

    /// <summary>The whole section.</summary>
    public static KnownKeys Root { get; } = Object([], ("Routes", Each(Route)), ("Clusters", Each(Cluster)));
}
