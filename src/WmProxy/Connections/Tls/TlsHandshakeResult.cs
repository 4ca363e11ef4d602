using System.Diagnostics.CodeAnalysis;

namespace WmProxy.Connections.Tls;

/// <summary>A TLS session, or why there is none.</summary>
internal readonly struct TlsHandshakeResult
{
    private TlsHandshakeResult(TlsTransportStream? stream, ConnectionEndReason failure, string? error) =>
        (Stream, Failure, Error) = (stream, failure, error);

    /// <summary>The session, owned by the caller; it owns the transport.</summary>
    public TlsTransportStream? Stream { get; }

    /// <summary><see cref="ConnectionEndReason.TlsHandshakeFailed"/> or <see cref="ConnectionEndReason.ClientGone"/>.</summary>
    public ConnectionEndReason Failure { get; }

    /// <summary>What went wrong, in words for a log.</summary>
    public string? Error { get; }

    [MemberNotNullWhen(true, nameof(Stream))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsCompleted => Stream is not null;

    public static TlsHandshakeResult Completed(TlsTransportStream stream) => new(stream, ConnectionEndReason.None, null);

    public static TlsHandshakeResult Failed(ConnectionEndReason failure, string error) => new(null, failure, error);
}
