using System.Collections.Immutable;

namespace WmProxy.Connections.ClientHello;

/// <summary>What looking for a ClientHello gave.</summary>
/// <param name="Status">What the first bytes were.</param>
/// <param name="ServerName">
/// The name that the client wants (RFC 6066 section 3), in lower case and without a final dot; <see langword="null"/> if it gave none or an
/// IP address. With Encrypted ClientHello it is the public name of the outer hello.
/// </param>
/// <param name="AlpnProtocols">The protocols that the client offers (RFC 7301), most preferred first; may be default.</param>
internal readonly record struct ClientHelloResult(
    ClientHelloStatus Status,
    string? ServerName = null,
    ImmutableArray<string> AlpnProtocols = default);
