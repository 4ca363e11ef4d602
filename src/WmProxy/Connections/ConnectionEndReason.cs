namespace WmProxy.Connections;

/// <summary>Why a connection ended; exactly one is recorded for each. The names appear in logs and metrics and are a contract.</summary>
internal enum ConnectionEndReason
{
    /// <summary>It has not ended.</summary>
    None,

    /// <summary>Both directions came to their end.</summary>
    Completed,

    /// <summary>The client reset it, or its network failed.</summary>
    ClientReset,

    /// <summary>The destination reset it, or its network failed.</summary>
    UpstreamReset,

    /// <summary>The client left before there was anything to relay.</summary>
    ClientGone,

    /// <summary>No byte moved for the idle timeout.</summary>
    IdleTimeout,

    /// <summary>One direction ended and the other did not within the half-close timeout.</summary>
    HalfCloseTimeout,

    /// <summary>The client did not finish its PROXY header, ClientHello, TLS handshake or request to a forward proxy in time.</summary>
    HandshakeTimeout,

    /// <summary>The cluster has no destination, or none that is healthy.</summary>
    NoDestination,

    /// <summary>No destination accepted the connection.</summary>
    ConnectFailed,

    /// <summary>No destination answered in time.</summary>
    ConnectTimeout,

    /// <summary>The client's address may not connect.</summary>
    AccessDenied,

    /// <summary>The stream has as many connections as it may.</summary>
    ConnectionLimit,

    /// <summary>The client has as many connections as it may.</summary>
    ClientConnectionLimit,

    /// <summary>The PROXY header is missing or malformed.</summary>
    ProxyProtocolError,

    /// <summary>The first bytes are not the TLS ClientHello that was expected.</summary>
    ClientHelloError,

    /// <summary>No stream on this address takes this server name and protocol.</summary>
    NoMatchingStream,

    /// <summary>The TLS handshake failed, or the client's certificate was refused.</summary>
    TlsHandshakeFailed,

    /// <summary>The first bytes are of no protocol that is spoken here, or its rules are broken.</summary>
    ProtocolError,

    /// <summary>The client's user name or password is missing or wrong.</summary>
    AuthenticationFailed,

    /// <summary>A rule or the egress guard refuses the destination.</summary>
    DestinationDenied,

    /// <summary>A reload took the right to it away from its user.</summary>
    AccessRevoked,

    /// <summary>Its stream was removed and the drain time passed.</summary>
    Drained,

    /// <summary>The process stops and the drain time passed.</summary>
    Shutdown,

    /// <summary>An operator ended it.</summary>
    Killed,

    /// <summary>A defect of this program; logged as an error.</summary>
    Error,
}
