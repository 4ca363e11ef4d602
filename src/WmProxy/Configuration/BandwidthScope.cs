namespace WmProxy.Configuration;

/// <summary>Who shares a bandwidth limit.</summary>
public enum BandwidthScope
{
    /// <summary>Each connection has the limit for itself.</summary>
    Connection,

    /// <summary>All connections of one client IP (IPv6: one /64) share it.</summary>
    Client,

    /// <summary>All connections of the stream share it.</summary>
    Stream,
}
