namespace WmProxy.Configuration;

/// <summary>Limits on how fast bytes move.</summary>
public sealed record BandwidthConfig
{
    /// <summary>Bytes per second from clients to destinations; <see langword="null"/> for no limit.</summary>
    public long? Upload { get; init; }

    /// <summary>Bytes per second from destinations to clients; <see langword="null"/> for no limit.</summary>
    public long? Download { get; init; }

    /// <summary>Who shares a limit. Default: <see cref="BandwidthScope.Connection"/>.</summary>
    public BandwidthScope? Per { get; init; }
}
