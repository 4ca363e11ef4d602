using System;
using WmProxy.Connections;

namespace WmProxy.Connectors;

/// <summary>What a connector is asked to dial.</summary>
internal readonly struct ConnectRequest
{
    /// <summary>The destination, parsed once for all connections.</summary>
    public required DestinationAddress Address { get; init; }

    /// <summary>Bytes to send before anything else, before TLS too: a PROXY header.</summary>
    public ReadOnlyMemory<byte> Preface { get; init; }

    /// <summary>
    /// The connection that this one will be relayed with; <see langword="null"/> for none. The engine that carries it opens the new one too, on the same
    /// thread, so that it can move the bytes of both itself.
    /// </summary>
    public TransportStream? Beside { get; init; }

    /// <summary>
    /// Whether it fails rather than takes one of the last descriptors (<see cref="Listeners.DescriptorReserve"/>): where nothing that has to do so for itself
    /// stands for it, as an accepted connection does for a stream's. Whoever a forward proxy serves can cause any number.
    /// </summary>
    public bool SparesReserve { get; init; }

    /// <summary>
    /// A connection that leads to <see cref="Address"/> already, through parent proxies before it; the connector speaks on it, and owns it from the call on.
    /// <see langword="null"/> to make one.
    /// </summary>
    public TransportStream? Through { get; init; }

    /// <summary>
    /// Where to go from <see cref="Address"/>, which is a parent proxy then (<see cref="DestinationAddress.IsParent"/>); <see langword="null"/>
    /// for the parent itself, as a probe asks for.
    /// </summary>
    public ForwardTarget? Target { get; init; }

    /// <summary>Where the connector notes how far it came, for whoever cuts it short; <see langword="null"/> for nobody.</summary>
    public ConnectProgress? Progress { get; init; }

    /// <summary>How to speak TLS, where the scheme does; <see langword="null"/> for <see cref="TlsClientOptions.Default"/>.</summary>
    public TlsClientOptions? Tls { get; init; }
}
