namespace WmProxy.Socks;

/// <summary>Which SOCKS a client speaks.</summary>
internal enum SocksVersion
{
    /// <summary>4, or 4a.</summary>
    V4,
    V5,
}
