using System.Net;

namespace WmProxy.Connections.ProxyProtocol;

/// <summary>What reading a PROXY header gave.</summary>
/// <param name="Status">What the first bytes were.</param>
/// <param name="Source">
/// The client's address (an <see cref="IPEndPoint"/> or a <see cref="System.Net.Sockets.UnixDomainSocketEndPoint"/>);
/// <see langword="null"/> where the header does not tell.
/// </param>
/// <param name="Destination">The address that the client connected to; as for <paramref name="Source"/>.</param>
/// <param name="Error">What is wrong, for a log at Debug; set with <see cref="ProxyProtocolStatus.Invalid"/> only.</param>
internal readonly record struct ProxyProtocolResult(
    ProxyProtocolStatus Status,
    EndPoint? Source = null,
    EndPoint? Destination = null,
    string? Error = null)
{
    public static ProxyProtocolResult Invalid(string error) => new(ProxyProtocolStatus.Invalid, Error: error);
}
