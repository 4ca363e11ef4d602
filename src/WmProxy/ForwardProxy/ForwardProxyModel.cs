using System;
using System.Collections.Frozen;
using WmProxy.Configuration;
using WmProxy.Connections.Access;
using WmProxy.Connections.ProxyProtocol;
using WmProxy.Connections.Tls;

namespace WmProxy.ForwardProxy;

/// <summary>A forward proxy's configuration, compiled. A connection keeps the one that it started with.</summary>
internal sealed class ForwardProxyModel
{
    /// <summary>The configuration, to compare the next one with.</summary>
    public required ForwardProxyConfig Config { get; init; }

    /// <summary>What outlives this model: counts, live requests.</summary>
    public required ForwardProxyState State { get; init; }

    public string ProxyId => Config.ProxyId;

    public required FrozenSet<ForwardProtocol> Protocols { get; init; }

    public required TimeSpan ConnectTimeout { get; init; }

    public required int ConnectAttempts { get; init; }

    /// <summary>In ticks of the time provider's timestamps.</summary>
    public required long DetectTicks { get; init; }

    /// <inheritdoc cref="DetectTicks"/>
    public required long IdleTicks { get; init; }

    /// <inheritdoc cref="DetectTicks"/>
    public required long HalfCloseTicks { get; init; }

    /// <summary>0 for no limit.</summary>
    public required int MaxConnections { get; init; }

    /// <inheritdoc cref="MaxConnections"/>
    public required int MaxConnectionsPerClient { get; init; }

    public AccessList? Access { get; init; }

    public ProxyProtocolModel? AcceptedProxyProtocol { get; init; }

    /// <summary>How TLS is terminated; <see langword="null"/> without <c>tls://</c> addresses.</summary>
    public TlsServerModel? Tls { get; init; }

    public required bool IsBindEnabled { get; init; }

    public required bool AccessLog { get; init; }
}
