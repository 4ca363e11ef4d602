using System.Diagnostics.CodeAnalysis;
using WmProxy.Connections;

namespace WmProxy.Clusters;

/// <summary>A connection to a destination of a cluster, or why there is none.</summary>
internal readonly struct DialResult
{
    private DialResult(TransportStream? stream, DestinationLease? lease, ConnectionEndReason failure, string? error) =>
        (Stream, Lease, Failure, Error) = (stream, lease, failure, error);

    /// <summary>The connection, owned by the caller.</summary>
    public TransportStream? Stream { get; }

    /// <summary>Counts the connection as one of its destination's until disposed; the caller disposes it when the connection has ended.</summary>
    public DestinationLease? Lease { get; }

    /// <summary>Why there is no connection.</summary>
    public ConnectionEndReason Failure { get; }

    /// <summary>What went wrong at the last destination tried, in words for a log.</summary>
    public string? Error { get; }

    [MemberNotNullWhen(true, nameof(Stream), nameof(Lease))]
    public bool IsConnected => Stream is not null;

    public static DialResult Connected(TransportStream stream, DestinationLease lease) => new(stream, lease, ConnectionEndReason.None, null);

    public static DialResult Failed(ConnectionEndReason failure, string error) => new(null, null, failure, error);
}
