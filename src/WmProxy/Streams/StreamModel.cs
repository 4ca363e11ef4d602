using System;
using WmProxy.Configuration;
using WmProxy.Connections.Access;
using WmProxy.Connections.ProxyProtocol;
using WmProxy.Connections.Tls;
using WmProxy.Relay.Bandwidth;

namespace WmProxy.Streams;

/// <summary>A stream's configuration, compiled. A connection keeps the one that it started with.</summary>
internal sealed class StreamModel
{
    /// <summary>The stream's configuration, to compare the next one with.</summary>
    public required StreamConfig Config { get; init; }

    /// <summary>The counts of live connections, which outlive this model.</summary>
    public required StreamState State { get; init; }

    public string StreamId => Config.StreamId;

    public required string ClusterId { get; init; }

    public required TimeSpan ConnectTimeout { get; init; }

    public required int ConnectAttempts { get; init; }

    /// <summary>In ticks of the time provider's timestamps.</summary>
    public required long IdleTicks { get; init; }

    /// <inheritdoc cref="IdleTicks"/>
    public required long HalfCloseTicks { get; init; }

    /// <summary>0 for no limit.</summary>
    public required int MaxConnections { get; init; }

    /// <inheritdoc cref="MaxConnections"/>
    public required int MaxConnectionsPerClient { get; init; }

    /// <summary>UDP: the most sessions at a time.</summary>
    public int MaxSessions { get; init; }

    /// <summary>UDP: how many datagrams of the client a session takes; 0 for any number.</summary>
    public int Requests { get; init; }

    /// <summary>UDP: how many replies end a session; 0 for none.</summary>
    public int Responses { get; init; }

    public AccessList? Access { get; init; }

    public BandwidthModel? Bandwidth { get; init; }

    public ProxyProtocolModel? AcceptedProxyProtocol { get; init; }

    public ProxyProtocolVersion? SentProxyProtocol { get; init; }

    /// <summary>How TLS is terminated; <see langword="null"/> for a stream without <c>tls://</c> addresses.</summary>
    public TlsServerModel? Tls { get; init; }

    public required bool AccessLog { get; init; }
}
