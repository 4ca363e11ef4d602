using System.Collections.Generic;
using WmProxy.Configuration;

namespace WmProxy.Listeners;

/// <summary>One address to listen on.</summary>
internal abstract class ListenerModel
{
    /// <summary>What makes it the same listener after a reload: protocol, address and port, not what is spoken there.</summary>
    public required string Key { get; init; }

    /// <summary>The key path of the configuration that asks for it, for errors.</summary>
    public required string ConfigPath { get; init; }

    /// <summary>The address with a single port.</summary>
    public required ListenAddress Address { get; init; }

    /// <summary>The streams that share it.</summary>
    public required IReadOnlyList<string> StreamIds { get; init; }

    /// <summary>The forward proxy that it belongs to; <see langword="null"/> for streams.</summary>
    public string? ForwardProxyId { get; init; }

    /// <summary>What it is for, in words for a log.</summary>
    public string Purpose => ForwardProxyId is null ? $"stream {string.Join(", ", StreamIds)}" : $"forward proxy {ForwardProxyId}";
}
