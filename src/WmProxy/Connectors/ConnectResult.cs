using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using WmProxy.Connections;

namespace WmProxy.Connectors;

/// <summary>A connection to a destination, or why there is none.</summary>
internal readonly struct ConnectResult
{
    private ConnectResult(TransportStream? stream, ConnectionEndReason failure, string? error, ConnectFault fault) =>
        (Stream, Failure, Error, Fault) = (stream, failure, error, fault);

    /// <summary>The connection, owned by the caller.</summary>
    public TransportStream? Stream { get; }

    /// <summary><see cref="ConnectionEndReason.ConnectFailed"/> or <see cref="ConnectionEndReason.ConnectTimeout"/>.</summary>
    public ConnectionEndReason Failure { get; }

    /// <summary>What went wrong, in words for a log.</summary>
    public string? Error { get; }

    /// <summary>Whose failure it is.</summary>
    public ConnectFault Fault { get; }

    /// <summary>Whether it failed for want of something here (descriptors, ports, memory), which says nothing about the destination.</summary>
    public bool IsLocalFailure => Fault == ConnectFault.Local;

    /// <summary>The reason as the system has it, or as a parent proxy gives it; <see cref="SocketError.Success"/> where there is none.</summary>
    public SocketError Code { get; init; }

    [MemberNotNullWhen(true, nameof(Stream))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsConnected => Stream is not null;

    public static ConnectResult Connected(TransportStream stream) => new(stream, ConnectionEndReason.None, null, ConnectFault.None);

    public static ConnectResult Failed(ConnectionEndReason failure, string error, bool isLocalFailure = false) =>
        Failed(failure, error, isLocalFailure ? ConnectFault.Local : ConnectFault.Destination);

    public static ConnectResult Failed(ConnectionEndReason failure, string error, ConnectFault fault) => new(null, failure, error, fault);
}
