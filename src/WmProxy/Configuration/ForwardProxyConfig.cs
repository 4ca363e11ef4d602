using System;

namespace WmProxy.Configuration;

/// <summary>One entry of <c>WmProxy:ForwardProxies</c>: HTTP, CONNECT and SOCKS for clients that name their destinations themselves.</summary>
public sealed record ForwardProxyConfig
{
    /// <summary>The name under <c>WmProxy:ForwardProxies</c>.</summary>
    public required string ProxyId { get; init; }

    /// <summary>The addresses to listen on; at least one. <c>tls://</c> makes it an HTTPS proxy, and SOCKS over TLS.</summary>
    public EquatableArray<ListenAddress> Listen { get; init; }

    /// <summary>What clients may speak; the first bytes tell which it is. Default: all but SOCKS 4.</summary>
    public EquatableArray<ForwardProtocol> Protocols { get; init; }

    /// <summary>The time for the first request to be there, with everything before it. Default: 5 s.</summary>
    public TimeSpan? DetectTimeout { get; init; }

    /// <summary>Who may use it. Empty: everyone who may connect.</summary>
    public EquatableDictionary<ForwardUserConfig> Users { get; init; } = EquatableDictionary<ForwardUserConfig>.Empty;

    /// <summary>What may be asked for: the first rule that matches decides, and no match is a refusal. Empty: everything.</summary>
    public EquatableArray<ForwardRuleConfig> Rules { get; init; }

    /// <summary>
    /// Whether clients may reach loopback, link-local, unspecified and multicast addresses, this process's own listeners and port 25. Default: yes where
    /// every address of <see cref="Listen"/> is a loopback one or a Unix domain socket.
    /// </summary>
    public bool? AllowLocalDestinations { get; init; }

    /// <summary>Whether it may listen beyond loopback with neither <see cref="Users"/> nor an allow list. Default: no.</summary>
    public bool? AllowAnonymous { get; init; }

    /// <summary>What the egress guard does. Default: <see cref="EgressGuardMode.Enforce"/>.</summary>
    public EgressGuardMode? Guard { get; init; }

    /// <summary>The cluster of parent proxies for whatever no rule routes. Default: none, destinations are dialled directly.</summary>
    public string? ClusterId { get; init; }

    /// <summary>SOCKS 5 <c>UDP ASSOCIATE</c>.</summary>
    public UdpAssociateConfig? UdpAssociate { get; init; }

    /// <summary>SOCKS <c>BIND</c>.</summary>
    public SocksBindConfig? Bind { get; init; }

    /// <summary>The time limit of connecting to a destination, or to one parent. Default: 10 s.</summary>
    public TimeSpan? ConnectTimeout { get; init; }

    /// <summary>How many parents are tried at most. Default: 3.</summary>
    public int? ConnectAttempts { get; init; }

    /// <summary>The time without a byte in either direction after which a connection is cut. Default: 10 min.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>How long one direction may go on after the other has ended. Default: 60 s.</summary>
    public TimeSpan? HalfCloseTimeout { get; init; }

    /// <summary>The most client connections at a time; 0 means no limit. Default: 0.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>The most client connections at a time of one client IP (IPv6: one /64); 0 means no limit. Default: 0.</summary>
    public int? MaxConnectionsPerClient { get; init; }

    /// <summary>Which client addresses may connect. Default: all.</summary>
    public AccessConfig? Access { get; init; }

    /// <summary>How fast bytes may move.</summary>
    public BandwidthConfig? Bandwidth { get; init; }

    /// <summary>The PROXY header expected from clients; there is none to send.</summary>
    public ProxyProtocolConfig? ProxyProtocol { get; init; }

    /// <summary>For <c>tls://</c> addresses.</summary>
    public StreamTlsConfig? Tls { get; init; }

    /// <summary>Whether the end of each connection is a line of the access log. Default: no.</summary>
    public bool? AccessLog { get; init; }
}
