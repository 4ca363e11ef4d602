using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.Net;
using WmProxy.Configuration;
using WmProxy.Connections.Access;
using WmProxy.Connections.ProxyProtocol;
using WmProxy.Connections.Tls;
using WmProxy.ForwardProxy.Access;
using WmProxy.ForwardProxy.Users;
using WmProxy.Relay.Bandwidth;

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

    /// <summary>Who may use it; <see langword="null"/> for whoever connects.</summary>
    public UserTable? Users { get; init; }

    public required ForwardRuleSet Rules { get; init; }

    /// <summary>The limits of what no rule limits; requests take those of their rule (<see cref="ForwardRule.Bandwidth"/>).</summary>
    public BandwidthModel? Bandwidth { get; init; }

    /// <summary>Whether the egress guard keeps clients from local destinations and from port 25.</summary>
    public required bool GuardsDestinations { get; init; }

    /// <summary>Whether the egress guard refuses, rather than reports only.</summary>
    public required bool IsGuardEnforced { get; init; }

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

    /// <summary>UDP ASSOCIATE; <see langword="null"/> where it is off.</summary>
    public UdpAssociateModel? UdpAssociate { get; init; }

    public required bool IsBindEnabled { get; init; }

    public required bool AccessLog { get; init; }

    /// <summary>
    /// Registers a request that is carried out from now on, until the result is disposed: a reload that takes the right to it away calls
    /// <paramref name="revoke"/>, once, on a thread of its own. It ends the request with <see cref="Connections.ConnectionEndReason.AccessRevoked"/>.
    /// </summary>
    /// <param name="request">The request. An association has no target (<see langword="default"/>): only its user is looked at then, and its datagrams are
    /// judged, each for itself, by <see cref="ForwardProxyState.Current"/>.</param>
    /// <param name="address">The address that was dialled; <see langword="null"/> where a parent resolves the name.</param>
    /// <param name="revoke">Ends it.</param>
    public LiveRequest Track(ForwardRequest request, IPAddress? address, Action revoke) => TrackAny(request, address is null ? [] : [address], revoke);

    /// <inheritdoc cref="Track"/>
    /// <param name="request">The request.</param>
    /// <param name="addresses">The addresses of which one was dialled, nobody knows which: all of them have to remain allowed. Empty where a parent resolves
    /// the name.</param>
    /// <param name="revoke">Ends it.</param>
    public LiveRequest TrackAny(ForwardRequest request, IReadOnlyList<IPAddress> addresses, Action revoke)
    {
        var live = new LiveRequest(this, request, addresses, revoke);
        State.LiveRequests.Add(live);
        if (State.Current is { } current && current != this)
        {
            // A reload came between the verdict and this: either it has seen the request, or this sees that it came.
            State.Judge?.Invoke(current, live);
        }

        return live;
    }
}
