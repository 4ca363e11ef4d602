namespace WmProxy.Configuration;

/// <summary>What a client may speak to a forward proxy.</summary>
public enum ForwardProtocol
{
    /// <summary>HTTP/1.1 requests in absolute form (RFC 9112 section 3.2.2).</summary>
    Http,

    /// <summary>HTTP/1.1 <c>CONNECT</c> (RFC 9110 section 9.3.6).</summary>
    Connect,

    /// <summary>SOCKS 4 and 4a.</summary>
    Socks4,

    /// <summary>SOCKS 5 (RFC 1928), with user name and password where there are users (RFC 1929).</summary>
    Socks5,
}
