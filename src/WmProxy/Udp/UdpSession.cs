using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Clusters;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.Relay;
using WmProxy.Relay.Bandwidth;
using WmProxy.Streams;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Udp;

/// <summary>
/// A client's datagrams to one of our addresses, and the replies to them. Lives from its first datagram until nothing moves any more. One thread at a time
/// changes it, for which its engine cares; counts may be read by any.
/// </summary>
internal abstract class UdpSession : IRelayTraffic
{
    private UdpBacklog? _backlog;
    private UdpNameAddresses? _addresses;
    private long _bytesUp;
    private long _bytesDown;
    private long _requests;
    private long _responses;

    protected UdpSession(UdpSessions decisions, in UdpAdmission admission)
    {
        Decisions = decisions;
        (Key, Stream, State, Bandwidth) = admission;
    }

    public UdpSessionKey Key { get; }

    public StreamModel Stream { get; }

    public ConnectionState State { get; }

    /// <summary>Its limits; <see langword="null"/> for none.</summary>
    public BandwidthLease? Bandwidth { get; }

    /// <summary>Its place at its destination; <see langword="null"/> until one is chosen.</summary>
    public DestinationLease? Lease { get; set; }

    /// <summary>The destination's address as it was when it was chosen.</summary>
    public string? ConfiguredAddress { get; set; }

    /// <summary>The destinations that were available when that was last looked at.</summary>
    public IReadOnlyList<DestinationState>? Available { get; set; }

    /// <summary>What is to stand in front of the first datagram that the destination gets: a PROXY header; <see langword="null"/> for nothing.</summary>
    public byte[]? Header { get; set; }

    /// <summary>Whether the destination has answered since it was chosen, or since it refused.</summary>
    public bool IsAnswered { get; private set; }

    public bool HasEnded { get; private set; }

    /// <summary>How many datagrams the client may send before its next one begins another session.</summary>
    public long RequestsLeft => Stream.Requests == 0 ? long.MaxValue : Stream.Requests - _requests;

    /// <summary>Whether as many replies came as there are to be.</summary>
    public bool IsComplete => Stream.Responses != 0 && _responses >= Stream.Responses;

    /// <inheritdoc/>
    public long BytesUp => Volatile.Read(ref _bytesUp);

    /// <inheritdoc/>
    public long BytesDown => Volatile.Read(ref _bytesDown);

    /// <summary>Datagrams rather than bytes: an empty one is one too.</summary>
    public long Activity => Volatile.Read(ref _requests) + Volatile.Read(ref _responses);

    /// <inheritdoc/>
    public int EndedDirections => 0;

    /// <inheritdoc/>
    public long? AcknowledgedWhilePending => null;

    protected UdpSessions Decisions { get; }

    // Few sessions ever need one.
    private UdpBacklog Backlog => _backlog ??= new UdpBacklog();

    private IReadOnlyList<byte[]> Kept => _backlog?.Datagrams ?? [];

    /// <summary>Whether its destination's name is being resolved; its datagrams are kept until then.</summary>
    protected bool IsResolving { get; private set; }

    /// <summary>Whether there is a socket towards its destination.</summary>
    protected abstract bool IsConnected { get; }

    /// <summary>Whether <see cref="Header"/> is still to be sent.</summary>
    protected bool IsHeaderDue { get; private set; }

    /// <inheritdoc/>
    public void Cancel(ConnectionEndReason reason) => RequestEnd();

    /// <summary>Ends it. What is open is closed, what is counted given back, and its end is recorded with <paramref name="reason"/>, or with the one that its state has.</summary>
    public void End(ConnectionEndReason reason = ConnectionEndReason.Completed)
    {
        if (HasEnded)
        {
            return;
        }

        HasEnded = true;
        try
        {
            Disconnect();
            _backlog?.Clear();
            Decisions.End(this, reason);
        }
        finally
        {
            OnEnded();
        }
    }

    // One writer each.
    protected void CountRequests(int datagrams) => Volatile.Write(ref _requests, _requests + datagrams);

    protected void CountUp(long bytes) => Volatile.Write(ref _bytesUp, _bytesUp + bytes);

    protected void CountResponse(int bytes)
    {
        CountDown(bytes);
        Volatile.Write(ref _responses, _responses + 1);
    }

    protected void CountDown(long bytes) => Volatile.Write(ref _bytesDown, _bytesDown + bytes);

    /// <summary>
    /// Sees to it that there is a destination that so many datagrams can be sent to, or will be once its name is resolved. Otherwise they are counted as
    /// dropped and the session has ended: the client's next datagram tries again, with a new one.
    /// </summary>
    protected bool TryPrepare(int datagrams)
    {
        if (IsResolving || (IsConnected && Decisions.MayStay(this)))
        {
            return true;
        }

        if (Connect() is var failure and not ConnectionEndReason.None)
        {
            Fail(failure, datagrams);
            return false;
        }

        return true;
    }

    /// <summary>Keeps a datagram where it is not known yet whether it arrives; one that would be lost otherwise is counted as dropped if it cannot be.</summary>
    protected void Keep(ReadOnlySpan<byte> datagram)
    {
        if (IsResolving)
        {
            if (!Backlog.TryAdd(datagram))
            {
                Decisions.Metrics.Dropped(Stream.StreamId, UdpDropReason.Resolving);
            }
        }
        else if (_addresses is { Count: > 1 } && !IsAnswered)
        {
            // It is sent as well, so that not all of the room is for these.
            Backlog.TryAdd(datagram, UdpBacklog.Budget / 2);
        }
    }

    /// <summary>The header has been sent, or it has not arrived.</summary>
    protected void HeaderSent(bool hasFailed = false) => IsHeaderDue = hasFailed && Header is not null;

    /// <summary>Its destination has sent something.</summary>
    protected void OnAnswered()
    {
        if (!IsAnswered)
        {
            IsAnswered = true;
            _addresses?.Answered();
            _backlog?.Clear();
            Decisions.Answered(this);
        }
    }

    /// <summary>
    /// Nobody takes its datagrams (ICMP unreachable). The next address of the destination's name gets what is kept of them; when there is none, the
    /// destination's health suffers. The session lives on: whoever is to listen there may be about to.
    /// </summary>
    protected void OnUnreachable()
    {
        IsAnswered = false;
        HeaderSent(hasFailed: true);
        while (_addresses?.MoveNext() ?? false)
        {
            Disconnect();
            if (TryOpen(_addresses.Current, out _) && !SendKept(Kept))
            {
                return;
            }
        }

        _backlog?.Clear();
        Decisions.Refused(this);
    }

    /// <summary>Its destination's name is resolved, or cannot be.</summary>
    protected void OnResolved(DestinationAddress address, ResolvedName name)
    {
        if (HasEnded)
        {
            return;
        }

        IsResolving = false;
        if (Connect(address, name) is var failure and not ConnectionEndReason.None)
        {
            Fail(failure, Kept.Count);
        }
        else if (SendKept(Kept))
        {
            OnUnreachable();
        }
        else if (_addresses is not { Count: > 1 })
        {
            _backlog?.Clear();
        }
    }

    /// <summary>Ends it, soon, from any thread; its state has the reason.</summary>
    protected abstract void RequestEnd();

    /// <summary>Opens a socket towards <paramref name="endPoint"/>.</summary>
    protected abstract SocketError Open(IPEndPoint endPoint);

    /// <summary>Closes the socket, if there is one.</summary>
    protected abstract void Disconnect();

    /// <summary>Calls <see cref="OnResolved"/>, where and when its engine may change it, but not before this returns.</summary>
    protected abstract Task ResolveAsync(DestinationAddress address, Task<ResolvedName> resolving);

    /// <summary>Sends what was kept; whether that brought up that nobody takes it, in which case the rest may not have been sent.</summary>
    protected abstract bool SendKept(IReadOnlyList<byte[]> datagrams);

    /// <summary>It has ended, and its engine is to forget it.</summary>
    protected abstract void OnEnded();

    /// <summary>Gives it its destination: the first, or another one than before.</summary>
    private ConnectionEndReason Connect()
    {
        Disconnect();
        _backlog?.Clear();
        _addresses = null;
        IsAnswered = false;
        if (!Decisions.TryChoose(this, out var address))
        {
            return ConnectionEndReason.NoDestination;
        }

        IsHeaderDue = Header is not null;
        if (address.EndPoint is IPEndPoint endPoint)
        {
            return TryOpen(endPoint, out var error) ? ConnectionEndReason.None : ConnectFailed(error);
        }

        var resolving = Decisions.Resolver.ResolveAsync(address.Host, CancellationToken.None);
        if (resolving.IsCompletedSuccessfully)
        {
            return Connect(address, resolving.Result);
        }

        IsResolving = true;
        _ = ResolveAsync(address, resolving.AsTask());
        return ConnectionEndReason.None;
    }

    private ConnectionEndReason Connect(DestinationAddress address, ResolvedName name)
    {
        if (name.Addresses.Length == 0)
        {
            State.Error = $"{address.Host}: {name.Error}";
            return ConnectionEndReason.ConnectFailed;
        }

        _addresses = new UdpNameAddresses(name, address.Port);
        SocketError error;
        do
        {
            if (TryOpen(_addresses.Current, out error))
            {
                return ConnectionEndReason.None;
            }
        }
        while (_addresses.MoveNext());
        return ConnectFailed(error);
    }

    private bool TryOpen(IPEndPoint endPoint, out SocketError error)
    {
        error = Open(endPoint);
        if (error != SocketError.Success)
        {
            State.Error = $"{endPoint}: {new SocketException((int)error).Message}";
        }

        return error == SocketError.Success;
    }

    private ConnectionEndReason ConnectFailed(SocketError error)
    {
        if (error is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.AddressNotAvailable or SocketError.ProcessLimit or SocketError.WouldBlock)
        {
            // Descriptors, memory or ports: that says nothing about the destination.
            Decisions.IsShort(this);
        }
        else
        {
            Decisions.Refused(this);
        }

        return ConnectionEndReason.ConnectFailed;
    }

    private void Fail(ConnectionEndReason failure, int datagrams)
    {
        var reason = failure == ConnectionEndReason.NoDestination ? UdpDropReason.NoDestination : UdpDropReason.ConnectFailed;
        Decisions.Metrics.Dropped(Stream.StreamId, reason, datagrams);
        End(failure);
    }
}
