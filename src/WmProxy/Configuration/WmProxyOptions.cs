using System;

namespace WmProxy.Configuration;

/// <summary>STUB.</summary>
public sealed class WmProxyOptions
{
    /// <summary>STUB.</summary>
    public string? BaseDirectory { get; set; }

    /// <summary>STUB.</summary>
    public bool Standalone { get; set; }

    /// <summary>STUB.</summary>
    public TimeSpan ReloadDelay { get; set; }
}
