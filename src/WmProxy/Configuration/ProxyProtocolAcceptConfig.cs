using System.Net;

namespace WmProxy.Configuration;

/// <summary>From whom a PROXY header is accepted.</summary>
public sealed record ProxyProtocolAcceptConfig
{
    /// <summary>The versions accepted. Empty: both.</summary>
    public EquatableArray<ProxyProtocolVersion> Versions { get; init; }

    /// <summary>The networks of the balancers whose headers count; at least one. From others no header is read.</summary>
    public EquatableArray<IPNetwork> From { get; init; }

    /// <summary>Whether a connection from <see cref="From"/> without a header is refused. Default: true.</summary>
    public bool? Required { get; init; }
}
