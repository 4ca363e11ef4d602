namespace WmProxy.Configuration;

/// <summary><c>Bind</c> of a forward proxy: connections from destinations to SOCKS clients (RFC 1928 section 4, <c>BIND</c>).</summary>
public sealed record SocksBindConfig
{
    /// <summary>Whether clients may have it. Default: no.</summary>
    public bool? Enabled { get; init; }
}
