namespace WmProxy.Configuration.Validation;

/// <summary>The numbers of a stream are in their ranges, and its PROXY protocol says from whom.</summary>
internal static class StreamLimitsValidator
{
    public static void Validate(StreamConfig stream, ConfigErrorCollector errors)
    {
        LimitsValidator.RequireAtLeast(ConfigKeyPath.Stream(stream.StreamId, "ConnectAttempts"), stream.ConnectAttempts, 1, errors);
        LimitsValidator.RequireAtLeast(ConfigKeyPath.Stream(stream.StreamId, "MaxConnections"), stream.MaxConnections, 0, errors);
        LimitsValidator.RequireAtLeast(ConfigKeyPath.Stream(stream.StreamId, "MaxSessions"), stream.MaxSessions, 0, errors);
        LimitsValidator.RequireAtLeast(ConfigKeyPath.Stream(stream.StreamId, "MaxConnectionsPerClient"), stream.MaxConnectionsPerClient, 0, errors);
        LimitsValidator.RequireAtLeast(ConfigKeyPath.Stream(stream.StreamId, "Requests"), stream.Requests, 0, errors);
        LimitsValidator.RequireAtLeast(ConfigKeyPath.Stream(stream.StreamId, "Responses"), stream.Responses, 0, errors);
        LimitsValidator.RequireDuration(ConfigKeyPath.Stream(stream.StreamId, "ConnectTimeout"), stream.ConnectTimeout, errors);
        LimitsValidator.RequireDuration(ConfigKeyPath.Stream(stream.StreamId, "IdleTimeout"), stream.IdleTimeout, errors);
        LimitsValidator.RequireDuration(ConfigKeyPath.Stream(stream.StreamId, "HalfCloseTimeout"), stream.HalfCloseTimeout, errors);
        LimitsValidator.ValidateBandwidth(ConfigKeyPath.Stream(stream.StreamId, "Bandwidth"), stream.Bandwidth, errors);
        LimitsValidator.ValidateProxyProtocol(ConfigKeyPath.Stream(stream.StreamId, "ProxyProtocol"), stream.ProxyProtocol, errors);
        if (stream is { IsUdp: true, ProxyProtocol.Send: ProxyProtocolVersion.V1 })
        {
            errors.Add(ConfigKeyPath.Stream(stream.StreamId, "ProxyProtocol", "Send"), "'V1' has no form for UDP; use 'V2'");
        }
    }
}
