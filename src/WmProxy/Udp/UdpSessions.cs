using System;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using System.Net;
using System.Threading;
using Microsoft.Extensions.Logging;
using WmProxy.Clusters;
using WmProxy.Connections;
using WmProxy.Connections.ProxyProtocol;
using WmProxy.Connectors;
using WmProxy.Diagnostics;
using WmProxy.Relay.Bandwidth;
using WmProxy.Streams;
using WmProxy.Udp.Portable;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Udp;

/// <summary>Decides about sessions, whatever moves their datagrams: who may have one, where it goes, and that its end is recorded.</summary>
internal sealed partial class UdpSessions
{
    // What is on its way when there will be no more sessions still arrives; what merely might come again is not waited for.
    private static readonly TimeSpan DrainIdleTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    private readonly ConnectionTable _connections;
    private readonly ConnectionRecorder _recorder;
    private readonly IProxyStateLookup _clusters;
    private readonly LoadBalancer _loadBalancer;
    private readonly DestinationAddressCache _addresses;
    private readonly PassiveHealthReporter _passiveHealth;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<UdpSessions> _logger;
    private readonly long _drainIdleTicks;
    private long _lastShortage;

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
        _drainIdleTicks = connections.ToTicks(DrainIdleTimeout);
    }

    public AddressResolver Resolver { get; }

    public UdpMetrics Metrics { get; }

    /// <summary>The pauses of a listening socket.</summary>
    public ReceivePause CreatePause(IPEndPoint endPoint) => new(_timeProvider, _logger, $"udp://{endPoint}");

    /// <summary>Takes a place for a client's session; <see langword="null"/> where it may have none: its datagrams are counted as dropped then.</summary>
    /// <param name="model">The listener that they came in on.</param>
    /// <param name="key">Whose they are.</param>
    /// <param name="local">The listener's address, where <paramref name="key"/> does not tell.</param>
    /// <param name="datagrams">How many there are.</param>
    public UdpAdmission? TryAdmit(UdpListenerModel model, in UdpSessionKey key, IPEndPoint local, int datagrams)
    {
        var stream = model.Stream;
        var client = key.ToClientEndPoint();
        if (stream.Access is { } access && !access.IsAllowed(client.Address))
        {
            return Refuse(stream, client, UdpDropReason.AccessDenied, datagrams);
        }

        if (!stream.State.Connections.TryAcquire(stream.MaxSessions))
        {
            return Refuse(stream, client, UdpDropReason.SessionLimit, datagrams);
        }

        if (stream.MaxConnectionsPerClient != 0 && !stream.State.ConnectionsPerClient.TryAcquire(client.Address, stream.MaxConnectionsPerClient))
        {
            stream.State.Connections.Release();
            return Refuse(stream, client, UdpDropReason.ClientSessionLimit, datagrams);
        }

        var localEndPoint = key.ToLocalAddress() is { } address ? new IPEndPoint(address, local.Port) : local;
        var state = new ConnectionState(_connections.NextId(), accepted: null, model.Key, client, localEndPoint, _timeProvider.GetTimestamp())
        {
            StreamId = stream.StreamId,
            AccessLog = stream.AccessLog,
        };
        return new UdpAdmission(key, stream, state, stream.Bandwidth?.Rent(client.Address));
    }

    /// <summary>A session begins; it may end from now on.</summary>
    public void Start(UdpSession session)
    {
        _recorder.Started(session.State);
        _connections.Add(session.State);
        session.State.StartRelay(session, session.Stream.IdleTicks, session.Stream.IdleTicks, session.State.StartTimestamp);
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
        var destination = _loadBalancer.Pick(cluster, available, session.State.ClientAddress);
        if (destination is null)
        {
            session.State.Error = $"cluster '{cluster.ClusterId}' has no available destination";
            return false;
        }

        var model = destination.Model;
        (address, var error) = _addresses.Get(model);
        if (address?.Scheme != DestinationAddress.UdpScheme)
        {
            // An application's own configuration of YARP may have anything.
            session.State.Error = error ?? $"destination '{destination.DestinationId}' is not of the form udp://host:port";
            return false;
        }

        session.Available = available;
        session.ConfiguredAddress = model.Config.Address;
        session.Lease = new DestinationLease(cluster, destination);
        (session.State.ClusterId, session.State.DestinationId, session.State.Error) = (stream.ClusterId, destination.DestinationId, null);
        session.Header = stream.SentProxyProtocol is null
            ? null
            : ProxyProtocolWriter.WriteDatagram(session.State.ClientEndPoint, session.State.GetLocalEndPoint());
        return true;
    }

    /// <summary>
    /// Whether a session may stay where it is: one whose destination is no longer healthy, no longer configured, or elsewhere by now, is to choose again.
    /// </summary>
    public bool MayStay(UdpSession session)
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
        return available.Count == 0
            || (available.Contains(lease.Destination) && lease.Destination.Model.Config.Address == session.ConfiguredAddress);
    }

    /// <summary>A session's destination cannot be reached (ICMP unreachable, no route): its health suffers.</summary>
    public void Refused(UdpSession session)
    {
        // One that is known to be unhealthy gets no worse, and a client that goes on sending brings this up with every datagram.
        if (session.Lease is { } lease && lease.Destination.Health.Passive != DestinationHealth.Unhealthy)
        {
            Log.UdpDestinationRefuses(_logger, lease.Cluster.ClusterId, lease.Destination.DestinationId);
            _passiveHealth.Report(lease.Cluster, lease.Destination, ConnectionEndReason.ConnectFailed);
        }
    }

    /// <summary>A session cannot be opened for want of something here; its state says what. Logged, but not too often.</summary>
    public void IsShort(UdpSession session)
    {
        var now = _timeProvider.GetTimestamp();
        var last = Interlocked.Read(ref _lastShortage);
        if ((last == 0 || _timeProvider.GetElapsedTime(last, now) >= LogInterval) && Interlocked.CompareExchange(ref _lastShortage, now, last) == last)
        {
            Log.UdpSocketFailed(_logger, session.Stream.StreamId, session.State.Error);
        }
    }

    /// <summary>A session's destination has answered.</summary>
    public void Answered(UdpSession session)
    {
        if (session.Lease is { } lease)
        {
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

    /// <summary>A session gets little time in which nothing moves.</summary>
    public void Drain(UdpSession session) => session.State.LimitIdle(Math.Min(_drainIdleTicks, session.Stream.IdleTicks));

    /// <summary>Takes <see cref="Drain"/> back.</summary>
    public void Resume(UdpSession session) => session.State.LimitIdle(session.Stream.IdleTicks);

    /// <summary>Gives back what a session has, and records its end.</summary>
    public void End(UdpSession session, ConnectionEndReason reason)
    {
        session.State.TryEnd(reason);
        session.Lease?.Dispose();
        session.Bandwidth?.Dispose();
        var stream = session.Stream;
        if (stream.MaxConnectionsPerClient != 0)
        {
            stream.State.ConnectionsPerClient.Release(session.State.ClientAddress);
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

    private UdpAdmission? Refuse(StreamModel stream, IPEndPoint client, UdpDropReason reason, int datagrams)
    {
        Metrics.Dropped(stream.StreamId, reason, datagrams);
        Log.UdpSessionRefused(_logger, client, stream.StreamId, reason);
        return null;
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.UdpSessionRefused, LogLevel.Debug, "Datagrams of {client} to {stream} are dropped: {reason}", EventName = nameof(UdpSessionRefused))]
        public static partial void UdpSessionRefused(ILogger logger, IPEndPoint client, string stream, UdpDropReason reason);

        [LoggerMessage(EventIds.UdpSocketFailed, LogLevel.Warning, "No socket for a session of {stream}: {error}. Datagrams of new clients are dropped until there is one; raise the limit of open files if it is that.", EventName = nameof(UdpSocketFailed))]
        public static partial void UdpSocketFailed(ILogger logger, string stream, string? error);

        [LoggerMessage(EventIds.UdpDestinationRefuses, LogLevel.Debug, "Cluster '{clusterId}', destination '{destinationId}' cannot be reached (ICMP unreachable, or no route)", EventName = nameof(UdpDestinationRefuses))]
        public static partial void UdpDestinationRefuses(ILogger logger, string clusterId, string destinationId);
    }
}
