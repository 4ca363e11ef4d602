using System;

namespace WmProxy.Configuration;

/// <summary>How WmProxy treats its configuration. Set in code; the configuration itself is the <c>WmProxy</c> section.</summary>
public sealed class WmProxyOptions
{
    /// <summary>The folder that relative paths of the configuration start from. Default: the host's content root.</summary>
    public string? BaseDirectory { get; set; }

    /// <summary>Whether a configuration that listens on nothing is an error, as it is for a program of its own. Default: false.</summary>
    public bool Standalone { get; set; }

    /// <summary>How long after the last change of the configuration it is read, so that a burst of changes is applied once. Default: 100 ms.</summary>
    public TimeSpan ReloadDelay { get; set; } = TimeSpan.FromMilliseconds(100);
}
