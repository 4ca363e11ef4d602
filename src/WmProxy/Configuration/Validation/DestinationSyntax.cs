using System;
using System.IO;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Validation;

/// <summary>The addresses of destinations that streams can dial.</summary>
internal static class DestinationSyntax
{
    private const string Forms = "destinations of streams are 'tcp://host:port', 'tls://host:port' or 'unix:/path'";

    /// <summary>The scheme in lower case; empty where there is none.</summary>
    public static string SchemeOf(string address)
    {
        var colon = address.IndexOf(':');
        var scheme = colon < 0 ? "" : address[..colon].ToLowerInvariant();
        return scheme == "unix" || address.AsSpan(Math.Max(colon, 0)).StartsWith("://") ? scheme : "";
    }

    /// <summary>Whether YARP's forwarder cannot dial the scheme.</summary>
    public static bool IsBeyondHttp(string scheme)
    {
        return scheme is "tcp" or "tls" or "unix" or "udp" or "ws" or "wss" or "tunnel" or "socks5" or "http+connect" or "https+connect";
    }

    public static string? FindError(string address) => SchemeOf(address) switch
    {
        "tcp" or "tls" => FindHostError(address),
        "unix" => address.Contains('\0', StringComparison.Ordinal) || !Path.IsPathFullyQualified(address["unix:".Length..]) || address.StartsWith("unix://", StringComparison.OrdinalIgnoreCase)
            ? $"{QuotedText.Quote(address)} has no absolute path; write it as 'unix:/run/app.sock'"
            : null,
        "http" or "https" => $"{QuotedText.Quote(address)} is an HTTP destination, which only routes of ReverseProxy:Routes can use; {Forms}",
        "" => string.IsNullOrWhiteSpace(address) ? $"is empty; {Forms}" : $"{QuotedText.Quote(address)} has no scheme; {(FindHostError($"tcp://{address}") is null ? $"did you mean {QuotedText.Quote($"tcp://{address}")}?" : Forms)}",
        var scheme => IsBeyondHttp(scheme)
            ? $"{QuotedText.Quote(address)}: {scheme}:// is not available in this version; {Forms}"
            : $"{QuotedText.Quote(address)} has the unknown scheme {QuotedText.Quote(scheme)}; {Forms}",
    };

    private static string? FindHostError(string address)
    {
        var rest = address[(address.IndexOf("://", StringComparison.Ordinal) + 3)..];
        if (rest.Contains('@', StringComparison.Ordinal))
        {
            return $"{QuotedText.Quote(address)} has a user in it, which streams cannot send; {Forms}";
        }

        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Host.Length == 0 || uri.HostNameType is UriHostNameType.Unknown or UriHostNameType.Basic)
        {
            return $"{QuotedText.Quote(address)} has no host that can be dialled; {Forms}";
        }

        return uri.Port is <= 0 or > 65535 ? $"{QuotedText.Quote(address)} has no port; {Forms}"
            : uri.PathAndQuery is not ("" or "/") || uri.Fragment.Length > 0 ? $"{QuotedText.Quote(address)} has a path, which streams cannot send; {Forms}"
            : null;
    }
}
