namespace WmProxy.Http1;

/// <summary>The fields that mean something to an intermediary.</summary>
internal enum FieldKind : byte
{
    /// <summary>Any other, which is none of its business.</summary>
    Other,

    /// <summary><c>Connection</c> (RFC 9110 section 7.6.1).</summary>
    Connection,

    /// <summary>What frames or routes a message and may not be nominated by <see cref="Connection"/>: <c>Host</c>.</summary>
    Host,

    /// <summary><c>Content-Length</c>.</summary>
    ContentLength,

    /// <summary><c>Transfer-Encoding</c>.</summary>
    TransferEncoding,

    /// <summary><c>Proxy-Authorization</c>.</summary>
    ProxyAuthorization,

    /// <summary><c>Proxy-Connection</c>, which older clients send instead of <see cref="Connection"/>.</summary>
    ProxyConnection,

    /// <summary>Any other <c>Proxy-*</c>.</summary>
    Proxy,

    /// <summary>What ends with a connection whether <see cref="Connection"/> says so or not: <c>Keep-Alive</c>, <c>HTTP2-Settings</c>.</summary>
    HopByHop,

    /// <summary><c>TE</c>.</summary>
    TE,

    /// <summary><c>Upgrade</c>.</summary>
    Upgrade,

    /// <summary><c>Via</c>.</summary>
    Via,

    /// <summary><c>Max-Forwards</c>.</summary>
    MaxForwards,

    /// <summary><c>Expect</c>.</summary>
    Expect,

    /// <summary><c>Date</c>.</summary>
    Date,

    /// <summary><c>Authorization</c>.</summary>
    Authorization,

    /// <summary><c>Cookie</c>.</summary>
    Cookie,

    /// <summary><c>Trailer</c>.</summary>
    Trailer,
}
