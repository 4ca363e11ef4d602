using System.Collections.Generic;
using System.Threading;
using WmProxy.Clusters;
using WmProxy.Connections;
using WmProxy.Relay;
using WmProxy.Relay.Bandwidth;
using WmProxy.Streams;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Udp;

/// <summary>
/// A client's datagrams to one of our addresses, and the replies to them. Lives from its first datagram until nothing moves any more. Its owner's thread
/// changes it; counts may be read by any.
/// </summary>
internal sealed class UdpSession : IRelayTraffic
{
    private readonly IUdpSessionOwner _owner;
    private long _bytesUp;
    private long _bytesDown;
    private long _requests;
    private long _responses;

    public UdpSession(in UdpSessionKey key, StreamModel stream, ConnectionState state, IUdpSessionOwner owner)
    {
        (Key, Stream, State, _owner) = (key, stream, state, owner);
    }

    public UdpSessionKey Key { get; }

    public StreamModel Stream { get; }

    public ConnectionState State { get; }

    /// <summary>Its place at its destination; <see langword="null"/> until one is chosen.</summary>
    public DestinationLease? Lease { get; set; }

    /// <summary>The destinations that were available when that was last looked at.</summary>
    public IReadOnlyList<DestinationState>? Available { get; set; }

    /// <summary>Its limits; <see langword="null"/> for none.</summary>
    public BandwidthLease? Bandwidth { get; set; }

    /// <summary>What is to be put in front of the next datagram: a PROXY header; <see langword="null"/> for nothing.</summary>
    public byte[]? Preface { get; set; }

    /// <summary>Whether the destination has answered since the last time that it was refused.</summary>
    public bool IsAnswered { get; set; }

    public bool HasEnded { get; set; }

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

    /// <inheritdoc/>
    public void Cancel(ConnectionEndReason reason) => _owner.RequestEnd(this);

    // One writer each.
    public void CountRequest(int bytes)
    {
        Volatile.Write(ref _bytesUp, _bytesUp + bytes);
        Volatile.Write(ref _requests, _requests + 1);
    }

    public void CountResponse(int bytes)
    {
        Volatile.Write(ref _bytesDown, _bytesDown + bytes);
        Volatile.Write(ref _responses, _responses + 1);
    }
}
