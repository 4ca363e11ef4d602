namespace WmProxy.Configuration;

/// <summary>The PROXY protocol (haproxy.org, proxy-protocol.txt) of a stream.</summary>
public sealed record ProxyProtocolConfig
{
    /// <summary>Headers expected from clients; <see langword="null"/> for none.</summary>
    public ProxyProtocolAcceptConfig? Accept { get; init; }

    /// <summary>The header sent to destinations; <see langword="null"/> for none.</summary>
    public ProxyProtocolVersion? Send { get; init; }
}
