namespace WmProxy.Connections.ProxyProtocol;

/// <summary>What the first bytes of a connection were.</summary>
internal enum ProxyProtocolStatus
{
    /// <summary>No PROXY header. Nothing was consumed.</summary>
    Absent,

    /// <summary>A header that the balancer sent on its own behalf (a health check): the connection's own addresses count.</summary>
    Local,

    /// <summary>A header on behalf of a client. Addresses that it does not tell are <see langword="null"/>: the connection's own count.</summary>
    Proxied,

    /// <summary>A malformed header: the connection has to be aborted.</summary>
    Invalid,

    /// <summary>The client ended its direction before its first byte.</summary>
    EndOfStream,

    /// <summary>The token was cancelled before the bytes told. Nothing was consumed.</summary>
    Canceled,

    /// <summary>The connection failed or was aborted.</summary>
    ClientGone,
}
