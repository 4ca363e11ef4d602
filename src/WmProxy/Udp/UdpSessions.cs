using System;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using System.Net;
using Microsoft.Extensions.Logging;
using WmProxy.Clusters;
using WmProxy.Connections;
using WmProxy.Connections.ProxyProtocol;
using WmProxy.Connectors;
using WmProxy.Diagnostics;
using WmProxy.Relay.Bandwidth;
using WmProxy.Streams;
using Yarp.ReverseProxy;

namespace WmProxy.Udp;

/// <summary>Decides about sessions, whatever moves their datagrams: who may have one, where it goes, and that its end is recorded.</summary>
internal sealed partial class UdpSessions
{
    private readonly ConnectionTable _connections;
    private readonly ConnectionRecorder _recorder;
    private readonly IProxyStateLookup _clusters;
    private readonly LoadBalancer _loadBalancer;
    private readonly DestinationAddressCache _addresses;
    private readonly PassiveHealthReporter _passiveHealth;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<UdpSessions> _logger;

    public UdpSessions(
        ConnectionTable connections,
        ConnectionRecorder recorder,
        IProxyStateLookup clusters,
        LoadBalancer loadBalancer,
        DestinationAddressCache addresses,
        AddressResolver resolver,
        PassiveHealthReporter passiveHealth,
        UdpMetrics metrics,
        TimeProvider timeProvider,
        ILogger<UdpSessions> logger)
    {
        _connections = connections;
        _recorder = recorder;
        _clusters = clusters;
        _loadBalancer = loadBalancer;
        _addresses = addresses;
        Resolver = resolver;
        _passiveHealth = passiveHealth;
        Metrics = metrics;
        _timeProvider = timeProvider;
        _logger = logger;
    }

    public AddressResolver Resolver { get; }

    public UdpMetrics Metrics { get; }

    /// <summary>A session for a client's first datagram; <see langword="null"/> where it may have none: the datagram is to be dropped then, and is counted.</summary>
    /// <param name="model">The listener that it came in on.</param>
    /// <param name="key">Whose it is.</param>
    /// <param name="local">The listener's address, where <paramref name="key"/> does not tell.</param>
    /// <param name="owner">Who will have its sockets.</param>
    public UdpSession? TryOpen(UdpListenerModel model, in UdpSessionKey key, IPEndPoint? local, IUdpSessionOwner owner)
    {
        var stream = model.Stream;
        var client = key.ToClientEndPoint();
        if (stream.Access is { } access && !access.IsAllowed(client.Address))
        {
            return Refuse(stream, client, UdpDropReason.AccessDenied);
        }

        if (!stream.State.Connections.TryAcquire(stream.MaxSessions))
        {
            return Refuse(stream, client, UdpDropReason.SessionLimit);
        }

        if (stream.MaxConnectionsPerClient != 0 && !stream.State.ConnectionsPerClient.TryAcquire(client.Address, stream.MaxConnectionsPerClient))
        {
            stream.State.Connections.Release();
            return Refuse(stream, client, UdpDropReason.ClientSessionLimit);
        }

        var now = _timeProvider.GetTimestamp();
        var localAddress = key.ToLocalAddress();
        var state = new ConnectionState(
            _connections.NextId(), accepted: null, model.Key, client, localAddress is null ? local : new IPEndPoint(localAddress, local?.Port ?? 0), now)
        {
            StreamId = stream.StreamId,
            AccessLog = stream.AccessLog,
        };
        var session = new UdpSession(key, stream, state, owner) { Bandwidth = stream.Bandwidth?.Rent(client.Address) };
        _recorder.Started(state);
        _connections.Add(state);
        state.StartRelay(session, stream.IdleTicks, stream.IdleTicks, now);
        return session;
    }

    /// <summary>
    /// Chooses where a session's datagrams go, by the cluster's policy; <see langword="false"/> when there is nowhere. What it was at before is let go of.
    /// </summary>
    public bool TryChoose(UdpSession session, [NotNullWhen(true)] out DestinationAddress? address)
    {
        var stream = session.Stream;
        session.Lease?.Dispose();
        session.Lease = null;
        address = null;
        if (!_clusters.TryGetCluster(stream.ClusterId, out var cluster))
        {
            session.State.Error = $"there is no cluster '{stream.ClusterId}'";
            return false;
        }

        var available = cluster.DestinationsState.AvailableDestinations;
        var destination = _loadBalancer.Pick(cluster, available, (session.State.ClientEndPoint as IPEndPoint)?.Address);
        if (destination is null)
        {
            session.State.Error = $"cluster '{cluster.ClusterId}' has no available destination";
            return false;
        }

        (address, var error) = _addresses.Get(destination.Model);
        if (address?.Scheme != DestinationAddress.UdpScheme)
        {
            // An application's own configuration of YARP may have anything.
            session.State.Error = error ?? $"destination '{destination.DestinationId}' is not of the form udp://host:port";
            return false;
        }

        session.Available = available;
        session.Lease = new DestinationLease(cluster, destination);
        session.IsAnswered = false;
        (session.State.ClusterId, session.State.DestinationId, session.State.Error) = (stream.ClusterId, destination.DestinationId, null);
        session.Preface = stream.SentProxyProtocol is null
            ? null
            : ProxyProtocolWriter.WriteDatagram(session.State.ClientEndPoint, session.State.GetLocalEndPoint());
        return true;
    }

    /// <summary>Whether a session may stay where it is: one whose destination is no longer healthy, or no longer configured, is to choose again.</summary>
    public static bool MayStay(UdpSession session)
    {
        if (session.Lease is not { } lease)
        {
            return false;
        }

        // The list is a new one whenever anything about it changes, so that this costs nothing as a rule.
        var available = lease.Cluster.DestinationsState.AvailableDestinations;
        if (ReferenceEquals(available, session.Available))
        {
            return true;
        }

        session.Available = available;

        // While nobody is healthy there is nothing better to choose.
        return available.Count == 0 || available.Contains(lease.Destination);
    }

    /// <summary>Nobody listens at the session's destination (ICMP port unreachable): the session lives on, its destination's health suffers.</summary>
    public void Refused(UdpSession session)
    {
        if (session.Lease is { } lease)
        {
            session.IsAnswered = false;
            Log.UdpDestinationRefuses(_logger, lease.Cluster.ClusterId, lease.Destination.DestinationId);
            _passiveHealth.Report(lease.Cluster, lease.Destination, ConnectionEndReason.ConnectFailed);
        }
    }

    /// <summary>The session's destination has answered.</summary>
    public void Answered(UdpSession session)
    {
        if (!session.IsAnswered && session.Lease is { } lease)
        {
            session.IsAnswered = true;
            _passiveHealth.Report(lease.Cluster, lease.Destination, ConnectionEndReason.None);
        }
    }

    /// <summary>Whether so many bytes are within a limit; what is not is to be dropped, and is counted.</summary>
    public bool IsWithin(BandwidthLimiter? limiter, int bytes, UdpSession session)
    {
        if (limiter is null || limiter.TryAcquire(bytes))
        {
            return true;
        }

        Metrics.Dropped(session.Stream.StreamId, UdpDropReason.Bandwidth);
        return false;
    }

    /// <summary>Records a session's end, once; its sockets are closed.</summary>
    public void End(UdpSession session, ConnectionEndReason reason)
    {
        if (session.HasEnded)
        {
            return;
        }

        session.HasEnded = true;
        session.State.TryEnd(reason);
        session.Lease?.Dispose();
        session.Bandwidth?.Dispose();
        var stream = session.Stream;
        if (stream.MaxConnectionsPerClient != 0)
        {
            stream.State.ConnectionsPerClient.Release((session.State.ClientEndPoint as IPEndPoint)?.Address);
        }

        stream.State.Connections.Release();
        try
        {
            _recorder.Ended(session.State);
        }
        finally
        {
            _connections.Remove(session.State);
        }
    }

    private UdpSession? Refuse(StreamModel stream, IPEndPoint client, UdpDropReason reason)
    {
        Metrics.Dropped(stream.StreamId, reason);
        Log.UdpSessionRefused(_logger, client, stream.StreamId, reason);
        return null;
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.UdpSessionRefused, LogLevel.Debug, "A datagram of {client} to {stream} is dropped: {reason}", EventName = nameof(UdpSessionRefused))]
        public static partial void UdpSessionRefused(ILogger logger, IPEndPoint client, string stream, UdpDropReason reason);

        [LoggerMessage(EventIds.UdpDestinationRefuses, LogLevel.Debug, "Nobody listens at cluster '{clusterId}', destination '{destinationId}' (ICMP port unreachable)", EventName = nameof(UdpDestinationRefuses))]
        public static partial void UdpDestinationRefuses(ILogger logger, string clusterId, string destinationId);
    }
}
