using System;
using WmProxy.Configuration.Values;
using WmProxy.Connectors;

namespace WmProxy.Configuration.Validation;

/// <summary>The addresses of destinations that streams can dial or send to.</summary>
internal static class DestinationSyntax
{
    private const string Forms = "destinations of streams are 'tcp://host:port', 'tls://host:port' or 'unix:/path'";
    private const string UdpForms = "destinations of streams that listen on udp:// are 'udp://host:port'";

    /// <summary>The scheme in lower case; empty where there is none.</summary>
    public static string SchemeOf(string address)
    {
        var scheme = DestinationAddress.GetScheme(address);
        return scheme == "unix" || address.AsSpan(scheme.Length).StartsWith("://") ? scheme : "";
    }

    /// <summary>Whether YARP's forwarder cannot dial the scheme.</summary>
    public static bool IsBeyondHttp(string scheme)
    {
        return scheme is "tcp" or "tls" or "unix" or "udp" or "ws" or "wss" or "tunnel" or "socks5" or "http+connect" or "https+connect";
    }

    /// <summary>What is wrong with <paramref name="address"/> as a destination of a stream that takes datagrams (<paramref name="isUdp"/>) or connections.</summary>
    public static string? FindError(string address, bool isUdp)
    {
        var forms = isUdp ? UdpForms : Forms;
        var usual = isUdp ? $"udp://{address}" : $"tcp://{address}";
        return SchemeOf(address) switch
        {
            "unix" when !isUdp && address.StartsWith("unix://", StringComparison.OrdinalIgnoreCase) => $"{QuotedText.Quote(address)} has slashes too many; write it as 'unix:/run/app.sock'",
            "tcp" or "tls" or "unix" when isUdp => $"{QuotedText.Quote(address)} takes connections, not datagrams; {forms}",
            DestinationAddress.UdpScheme when !isUdp => $"{QuotedText.Quote(address)} takes datagrams, which only streams that listen on udp:// have; {forms}",
            "tcp" or "tls" or "unix" or DestinationAddress.UdpScheme => DestinationAddress.TryParse(address, null, out _, out var error) ? null : error,
            "http" or "https" => $"{QuotedText.Quote(address)} is an HTTP destination, which only routes of ReverseProxy:Routes can use; {forms}",
            "" => string.IsNullOrWhiteSpace(address) ? $"is empty; {forms}" : $"{QuotedText.Quote(address)} has no scheme; {(DestinationAddress.TryParse(usual, null, out _, out _) ? $"did you mean {QuotedText.Quote(usual)}?" : forms)}",
            var scheme => IsBeyondHttp(scheme)
                ? $"{QuotedText.Quote(address)}: {scheme}:// is not available in this version; {forms}"
                : $"{QuotedText.Quote(address)} has the unknown scheme {QuotedText.Quote(scheme)}; {forms}",
        };
    }
}
