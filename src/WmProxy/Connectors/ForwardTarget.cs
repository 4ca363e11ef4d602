using System.Net;

namespace WmProxy.Connectors;

/// <summary>Where a client wants to go: an address, or a name that nobody has looked up yet.</summary>
/// <param name="Host">The name as the client wrote it, without a dot at its end; the address's text where it is one.</param>
/// <param name="Address">The address, IPv4-mapped ones as IPv4; <see langword="null"/> for a name.</param>
/// <param name="Port">1 to 65535.</param>
internal readonly record struct ForwardTarget(string Host, IPAddress? Address, int Port)
{
    /// <summary><c>name:443</c>, <c>192.0.2.1:80</c>, <c>[2001:db8::1]:80</c>; empty where there is none, as for an association of datagrams.</summary>
    public override string ToString() => Host is null ? "" : Host.Contains(':', System.StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
