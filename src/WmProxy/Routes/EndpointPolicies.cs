namespace WmProxy.Routes;

/// <summary>The policies of the host that an endpoint names, by YARP's words.</summary>
internal readonly record struct EndpointPolicies(string? Cors, string? RateLimiter, string? Authorization);
