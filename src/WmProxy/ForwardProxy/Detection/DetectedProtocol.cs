namespace WmProxy.ForwardProxy.Detection;

/// <summary>What the first bytes of a connection are.</summary>
internal enum DetectedProtocol
{
    /// <summary>It cannot be told yet.</summary>
    Undecided,

    /// <summary>SOCKS 4 or 4a.</summary>
    Socks4,

    /// <summary>SOCKS 5.</summary>
    Socks5,

    /// <summary>An HTTP/1 request, other than <see cref="Connect"/>.</summary>
    Http,

    /// <summary>An HTTP/1 request with the method <c>CONNECT</c>.</summary>
    Connect,

    /// <summary>The preface of HTTP/2 (RFC 9113 section 3.4), which is spoken nowhere without TLS.</summary>
    Http2,

    /// <summary>A TLS record.</summary>
    Tls,

    /// <summary>Nothing that a forward proxy speaks.</summary>
    Unknown,
}
