using System;
using WmProxy.Connections.ClientHello;

namespace WmProxy.ForwardProxy.Access;

/// <summary>Names of destinations in the form that they are compared in.</summary>
internal static class HostName
{
    private const string Localhost = "localhost";

    /// <summary>
    /// The name in lower case and ASCII, without a final dot; <see langword="null"/> for what no rule can name: an address in an unusual form, or no host name.
    /// </summary>
    public static string? Normalize(string host) =>
        ServerName.TryParsePattern(host, out var name, out var isWildcard) && !isWildcard ? name : null;

    /// <summary>Whether the name is one of the machine that resolves it, whichever that is (RFC 6761 section 6.3).</summary>
    public static bool IsLocalhost(string name) =>
        name == Localhost || name.EndsWith($".{Localhost}", StringComparison.Ordinal);
}
