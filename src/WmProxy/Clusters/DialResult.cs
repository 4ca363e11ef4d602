using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using WmProxy.Connections;
using WmProxy.Connectors;

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

    /// <summary>
    /// Whose failure it is. <see cref="ConnectFault.Target"/>: a parent proxy is well and cannot or will not reach <see cref="DialRequest.Target"/>, for
    /// <see cref="Code"/>; anything else is about the cluster, and nothing is known of the target.
    /// </summary>
    public ConnectFault Fault { get; init; }

    /// <summary>The reason as the system or a parent proxy gives it; <see cref="SocketError.Success"/> where there is none.</summary>
    public SocketError Code { get; init; }

    [MemberNotNullWhen(true, nameof(Stream), nameof(Lease))]
    public bool IsConnected => Stream is not null;

    public static DialResult Connected(TransportStream stream, DestinationLease lease) => new(stream, lease, ConnectionEndReason.None, null);

    public static DialResult Failed(ConnectionEndReason failure, string error) => new(null, null, failure, error) { Fault = ConnectFault.Destination };
}
