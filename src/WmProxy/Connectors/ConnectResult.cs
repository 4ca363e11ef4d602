using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using WmProxy.Connections;

namespace WmProxy.Connectors;

/// <summary>A connection to a destination, or why there is none.</summary>
internal readonly struct ConnectResult
{
    private ConnectResult(TransportStream? stream, ConnectionEndReason failure, string? error, bool isLocalFailure) =>
        (Stream, Failure, Error, IsLocalFailure) = (stream, failure, error, isLocalFailure);

    /// <summary>The connection, owned by the caller.</summary>
    public TransportStream? Stream { get; }

    /// <summary><see cref="ConnectionEndReason.ConnectFailed"/> or <see cref="ConnectionEndReason.ConnectTimeout"/>.</summary>
    public ConnectionEndReason Failure { get; }

    /// <summary>What went wrong, in words for a log.</summary>
    public string? Error { get; }

    /// <summary>Whether it failed for want of something here (descriptors, ports, memory), which says nothing about the destination.</summary>
    public bool IsLocalFailure { get; }

    /// <summary>The system's reason, where there is one.</summary>
    public SocketError Code { get; init; }

    [MemberNotNullWhen(true, nameof(Stream))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsConnected => Stream is not null;

    public static ConnectResult Connected(TransportStream stream) => new(stream, ConnectionEndReason.None, null, false);

    public static ConnectResult Failed(ConnectionEndReason failure, string error, bool isLocalFailure = false) =>
        new(null, failure, error, isLocalFailure);
}
