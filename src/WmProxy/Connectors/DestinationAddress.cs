using System.Net;

namespace WmProxy.Connectors;

/// <summary>A destination's address in the form that connectors use.</summary>
internal sealed record DestinationAddress
{
    /// <summary>The scheme in lower case.</summary>
    public required string Scheme { get; init; }

    /// <summary>The host name or address to dial; the path of a Unix domain socket.</summary>
    public required string Host { get; init; }

    /// <summary>The port; 0 for a Unix domain socket.</summary>
    public int Port { get; init; }

    /// <summary>The end point to dial, where <see cref="Host"/> needs no name resolution; else <see langword="null"/>.</summary>
    public EndPoint? EndPoint { get; init; }

    /// <summary>The name to ask for and to verify in TLS: the destination's <c>Host</c>, else <see cref="Host"/>.</summary>
    public required string ServerName { get; init; }
}
