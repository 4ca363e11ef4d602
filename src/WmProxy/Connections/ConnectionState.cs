using System;
using System.Net;
using System.Threading;
using WmProxy.Relay;

namespace WmProxy.Connections;

/// <summary>
/// What is known of one live connection, from its acceptance to its end: who, where to, how much, and why it ended. A row of the
/// <see cref="ConnectionTable"/>.
/// </summary>
internal sealed class ConnectionState
{
    private readonly TransportStream? _accepted;
    private IRelayTraffic? _relay;
    private long _deadline;
    private long _drainDeadline;
    private long _lastActivity;
    private long _activitySeen;
    private long _acknowledgedSeen;
    private long _idleTicks;
    private long _halfCloseTicks;
    private int _endReason;

    /// <param name="id">Unique within the process.</param>
    /// <param name="accepted">The connection; <see langword="null"/> for a UDP session, which has none.</param>
    /// <param name="listener">The key of the listener that accepted it, if it is one of ours.</param>
    /// <param name="client">The client's address.</param>
    /// <param name="local">The address that the client dialled, where it is known.</param>
    /// <param name="startTimestamp">When it was accepted.</param>
    public ConnectionState(long id, TransportStream? accepted, string? listener, EndPoint? client, EndPoint? local, long startTimestamp)
    {
        Id = id;
        _accepted = accepted;
        Listener = listener;
        ClientEndPoint = client;
        LocalEndPoint = local;
        StartTimestamp = startTimestamp;
    }

    /// <summary>The connection as it was accepted, below any TLS; <see langword="null"/> for a UDP session.</summary>
    public TransportStream? Accepted => _accepted;

    /// <summary>Unique within the process.</summary>
    public long Id { get; }

    /// <summary>The key of the listener that accepted it; <see langword="null"/> where another server did.</summary>
    public string? Listener { get; }

    /// <summary>The client: the peer of the socket, or what a PROXY header says of it.</summary>
    public EndPoint? ClientEndPoint { get; set; }

    /// <summary>The client's address; <see langword="null"/> on a Unix domain socket, and where a PROXY header does not say it.</summary>
    public IPAddress? ClientAddress => (ClientEndPoint as IPEndPoint)?.Address;

    /// <summary>The address that the client dialled, where it is known without asking: see <see cref="GetLocalEndPoint"/>.</summary>
    public EndPoint? LocalEndPoint { get; set; }

    /// <summary>When it was accepted, as a timestamp of the time provider.</summary>
    public long StartTimestamp { get; }

    /// <summary>The stream that took it; <see langword="null"/> until one did.</summary>
    public string? StreamId { get; set; }

    /// <summary>The forward proxy that took it; <see langword="null"/> for a stream's, and until one did.</summary>
    public string? ForwardProxyId { get; set; }

    /// <summary>The server name in its ClientHello, if that was looked at.</summary>
    public string? ServerName { get; set; }

    /// <summary>The user that a forward proxy has authenticated.</summary>
    public string? User { get; set; }

    /// <summary>Where a forward proxy's client wants to go: <c>host:port</c>.</summary>
    public string? Target { get; set; }

    /// <summary>The cluster and destination that it goes to; <see langword="null"/> until it is connected.</summary>
    public string? ClusterId { get; set; }

    /// <inheritdoc cref="ClusterId"/>
    public string? DestinationId { get; set; }

    /// <summary>Whether its end is a line of the access log.</summary>
    public bool AccessLog { get; set; }

    /// <summary>
    /// Whether the client was told in its own protocol how it ended, so that it ends as any other does: a reset could overtake what it was told.
    /// </summary>
    public bool EndsInOrder { get; set; }

    /// <summary>What went wrong, in words for a log; <see langword="null"/> where the reason says it all.</summary>
    public string? Error { get; set; }

    /// <summary>Bytes moved from the client to the destination.</summary>
    public long BytesUp => Volatile.Read(ref _relay)?.BytesUp ?? 0;

    /// <summary>Bytes moved from the destination to the client.</summary>
    public long BytesDown => Volatile.Read(ref _relay)?.BytesDown ?? 0;

    /// <summary>Why it ended; the first reason recorded.</summary>
    public ConnectionEndReason EndReason => (ConnectionEndReason)Volatile.Read(ref _endReason);

    /// <summary>The address that the client dialled: what a PROXY header says of it, or the socket's own.</summary>
    public EndPoint? GetLocalEndPoint()
    {
        return LocalEndPoint ??= _accepted?.GetLocalEndPoint();
    }

    /// <summary>Records why the connection ends; <see langword="false"/> when a reason is recorded already.</summary>
    public bool TryEnd(ConnectionEndReason reason) =>
        Interlocked.CompareExchange(ref _endReason, (int)reason, (int)ConnectionEndReason.None) == (int)ConnectionEndReason.None;

    /// <summary>Ends the connection from outside, whatever it is doing; its peers see a failure.</summary>
    public void Abort(ConnectionEndReason reason)
    {
        TryEnd(reason);
        _accepted?.Abort();
        Volatile.Read(ref _relay)?.Cancel(reason);
    }

    /// <summary>When it ends with <see cref="ConnectionEndReason.HandshakeTimeout"/>; 0 for never.</summary>
    public long Deadline => Volatile.Read(ref _deadline);

    /// <summary>Ends the connection with <see cref="ConnectionEndReason.HandshakeTimeout"/> at <paramref name="timestamp"/>; 0 for never.</summary>
    public void SetDeadline(long timestamp) => Volatile.Write(ref _deadline, timestamp);

    /// <summary>Whether it is to end as soon as what it is doing is done: its listener goes, or the process does.</summary>
    public bool IsDraining => Volatile.Read(ref _drainDeadline) != 0;

    /// <summary>Ends the connection with <see cref="ConnectionEndReason.Drained"/> at <paramref name="timestamp"/>, if it does not end before.</summary>
    public void Drain(long timestamp)
    {
        // With a full fence: either this sees the relay, or whoever starts it sees that it is to drain.
        if (Interlocked.CompareExchange(ref _drainDeadline, timestamp, 0) == 0)
        {
            Volatile.Read(ref _relay)?.Drain();
        }
    }

    /// <summary>Takes back <see cref="Drain"/>.</summary>
    public void StopDraining() => Volatile.Write(ref _drainDeadline, 0);

    /// <summary>From now on the connection lives by the activity of <paramref name="relay"/>.</summary>
    public void StartRelay(IRelayTraffic relay, long idleTicks, long halfCloseTicks, long now)
    {
        SetDeadline(0);
        (_idleTicks, _halfCloseTicks, _lastActivity) = (idleTicks, halfCloseTicks, now);
        // With a full fence, as Abort has one: either it sees the relay, or this sees its reason.
        Interlocked.Exchange(ref _relay, relay);
        if (EndReason is var reason and not ConnectionEndReason.None)
        {
            // Aborted while the relay was being set up.
            relay.Cancel(reason);
        }
    }

    /// <summary>From now on this is the time that it has while nothing moves. From any thread.</summary>
    public void LimitIdle(long idleTicks) => Volatile.Write(ref _idleTicks, idleTicks);

    /// <summary>Applies every time limit. Called by one thread at a time, about once a second.</summary>
    public void Sweep(long now)
    {
        if (EndReason != ConnectionEndReason.None)
        {
            // It ends already, as soon as whatever it waits for is over.
            return;
        }

        var drainDeadline = Volatile.Read(ref _drainDeadline);
        if (drainDeadline != 0 && now >= drainDeadline)
        {
            Abort(ConnectionEndReason.Drained);
            return;
        }

        var deadline = Volatile.Read(ref _deadline);
        if (deadline != 0 && now >= deadline)
        {
            Abort(ConnectionEndReason.HandshakeTimeout);
            return;
        }

        if (Volatile.Read(ref _relay) is not { } relay)
        {
            return;
        }

        // Any change of these since the last sweep is activity, so the relay itself keeps no clock.
        var ended = relay.EndedDirections;
        var activity = relay.Activity;
        if (activity != _activitySeen)
        {
            (_activitySeen, _lastActivity) = (activity, now);
            return;
        }

        var idleTicks = Volatile.Read(ref _idleTicks);
        var limit = ended > 0 ? Math.Min(_halfCloseTicks, idleTicks) : idleTicks;
        if (now - _lastActivity < limit)
        {
            return;
        }

        // The system's buffers hold megabytes that a slow reader takes its time for. Only asked here, since it costs two calls.
        if (relay.AcknowledgedWhilePending is { } acknowledged && acknowledged != _acknowledgedSeen)
        {
            (_acknowledgedSeen, _lastActivity) = (acknowledged, now);
            return;
        }

        if (relay.TryEndIdle())
        {
            return;
        }

        Abort(ended > 0 ? ConnectionEndReason.HalfCloseTimeout : ConnectionEndReason.IdleTimeout);
    }
}
