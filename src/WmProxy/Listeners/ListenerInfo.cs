using System.Collections.Generic;

namespace WmProxy.Listeners;

/// <summary>A listener that is open.</summary>
/// <param name="Address">The address it is really bound to, as <c>tcp://127.0.0.1:8081</c>.</param>
/// <param name="ConfiguredAddress">The address as the configuration has it, with a port range or port 0 as written.</param>
/// <param name="Streams">The streams that share it; none for a forward proxy.</param>
public sealed record ListenerInfo(string Address, string ConfiguredAddress, IReadOnlyList<string> Streams)
{
    /// <summary>The forward proxy that it belongs to; <see langword="null"/> for streams.</summary>
    public string? ForwardProxy { get; init; }
}
