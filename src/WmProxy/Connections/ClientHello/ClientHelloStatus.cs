namespace WmProxy.Connections.ClientHello;

/// <summary>What the first bytes of a connection were.</summary>
internal enum ClientHelloStatus
{
    /// <summary>A ClientHello.</summary>
    Hello,

    /// <summary>Something else than a TLS handshake record; an SSL 2.0 hello too.</summary>
    NotTls,

    /// <summary>A TLS handshake record without a ClientHello that follows the standards.</summary>
    Malformed,

    /// <summary>A ClientHello beyond <see cref="ClientHelloReader.MaxLength"/>.</summary>
    TooLarge,

    /// <summary>The client ended its direction before a whole ClientHello.</summary>
    EndOfStream,

    /// <summary>The token was cancelled before the bytes told.</summary>
    Canceled,

    /// <summary>The connection failed or was aborted.</summary>
    ClientGone,
}
