using System;

namespace WmProxy.Configuration;

/// <summary>One entry of <c>WmProxy:Streams</c>: where to listen and which cluster gets the bytes.</summary>
public sealed record StreamConfig
{
    /// <summary>The name under <c>WmProxy:Streams</c>.</summary>
    public required string StreamId { get; init; }

    /// <summary>The addresses to listen on; at least one.</summary>
    public EquatableArray<ListenAddress> Listen { get; init; }

    /// <summary>The cluster of <c>ReverseProxy:Clusters</c> to forward to. Either this or <see cref="To"/>.</summary>
    public string? ClusterId { get; init; }

    /// <summary>Destination addresses, the short form of a cluster named after the stream. Either this or <see cref="ClusterId"/>.</summary>
    public EquatableArray<string> To { get; init; }

    /// <summary>Which TLS connections this stream takes, where several share an address. Default: every connection.</summary>
    public StreamMatchConfig? Match { get; init; }

    /// <summary>The time limit of one connection attempt. Default: 5 s.</summary>
    public TimeSpan? ConnectTimeout { get; init; }

    /// <summary>How many destinations are tried at most. Default: 3.</summary>
    public int? ConnectAttempts { get; init; }

    /// <summary>The time without a byte in either direction after which a connection is cut, or without a datagram after which a UDP session ends. Default: 10 min, UDP: 60 s.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>How long one direction may go on after the other has ended. Default: 60 s.</summary>
    public TimeSpan? HalfCloseTimeout { get; init; }

    /// <summary>The most connections at a time; 0 means no limit. Default: 0.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>UDP: the most sessions at a time, 0 for no limit; the datagrams of others are dropped. Default: 65,536.</summary>
    public int? MaxSessions { get; init; }

    /// <summary>UDP: a client's next datagram begins another session after so many of this one. Default: 0, no limit.</summary>
    public int? Requests { get; init; }

    /// <summary>UDP: a session ends after so many replies. Default: 0, no limit.</summary>
    public int? Responses { get; init; }

    /// <summary>The most connections (UDP: sessions) at a time of one client IP (IPv6: one /64); 0 means no limit. Default: 0.</summary>
    public int? MaxConnectionsPerClient { get; init; }

    /// <summary>Which clients may connect. Default: everyone.</summary>
    public AccessConfig? Access { get; init; }

    /// <summary>How fast bytes may move. Default: as fast as they can.</summary>
    public BandwidthConfig? Bandwidth { get; init; }

    /// <summary>The PROXY protocol towards clients and destinations. Default: not spoken.</summary>
    public ProxyProtocolConfig? ProxyProtocol { get; init; }

    /// <summary>How <c>tls://</c> addresses terminate TLS.</summary>
    public StreamTlsConfig? Tls { get; init; }

    /// <summary>Whether a line is logged for each connection when it ends. Default: inherited.</summary>
    public bool? AccessLog { get; init; }

    /// <summary>Whether it takes datagrams, rather than connections.</summary>
    internal bool IsUdp => Listen.Count > 0 && Listen[0].IsUdp;
}
