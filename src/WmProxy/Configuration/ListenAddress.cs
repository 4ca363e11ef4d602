using System;

namespace WmProxy.Configuration;

/// <summary>
/// One address to listen on: <c>tcp://ADDRESS:PORT</c>, <c>tls://…</c>, <c>udp://…</c> or <c>unix:/path</c>, where ADDRESS is an IP,
/// <c>localhost</c> (both loopbacks) or <c>*</c> (both families) and PORT a number or a range.
/// </summary>
public sealed record ListenAddress
{
    /// <summary>What is spoken there.</summary>
    public required ListenScheme Scheme { get; init; }

    /// <summary>An IP address, <c>localhost</c> or <c>*</c>; the path of a Unix domain socket.</summary>
    public required string Host { get; init; }

    /// <summary>The first port; 0 picks a free one. Always 0 for a Unix domain socket.</summary>
    public int FirstPort { get; init; }

    /// <summary>The last port of a range; equal to <see cref="FirstPort"/> for a single one.</summary>
    public int LastPort { get; init; }

    /// <summary>Whether datagrams are taken there, rather than connections.</summary>
    internal bool IsUdp => Scheme == ListenScheme.Udp;

    /// <summary>The address as it is written in a configuration.</summary>
    public override string ToString()
    {
        if (Scheme == ListenScheme.Unix)
        {
            return $"unix:{Host}";
        }

        var host = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
        var ports = FirstPort == LastPort ? $"{FirstPort}" : $"{FirstPort}-{LastPort}";
        return $"{Scheme.ToString().ToLowerInvariant()}://{host}:{ports}";
    }
}
