using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Net.Sockets;
using System.Text;

namespace WmProxy.Configuration.Values;

/// <summary>Addresses to listen on: <c>tcp://ADDRESS:PORT</c>, <c>tls://…</c>, <c>udp://…</c>, <c>unix:/path</c>.</summary>
internal static class ListenAddressParser
{
    // sockaddr_un (unix(7)): 108 bytes on Linux, 104 on macOS, with the NUL at the end.
    private const int MaxUnixPathBytes = 103;

    private const string Forms = "write it as 'tcp://*:6432', 'tls://127.0.0.1:8883', 'udp://*:53' or 'unix:/path'";

    public static bool TryParse(string text, [MaybeNullWhen(false)] out ListenAddress value, [NotNullWhen(false)] out string? error)
    {
        value = null;
        if (text.StartsWith("unix:", StringComparison.OrdinalIgnoreCase))
        {
            return TryParseUnix(text, out value, out error);
        }

        var separator = text.IndexOf("://", StringComparison.Ordinal);
        if (separator < 0)
        {
            error = $"{QuotedText.Quote(text)} has no scheme; {SchemeProposal(text)}";
            return false;
        }

        ListenScheme? scheme = text[..separator].ToLowerInvariant() switch
        {
            "tcp" => ListenScheme.Tcp,
            "tls" => ListenScheme.Tls,
            "udp" => ListenScheme.Udp,
            _ => null,
        };
        if (scheme is null)
        {
            error = text.StartsWith("http", StringComparison.OrdinalIgnoreCase)
                ? $"{QuotedText.Quote(text)} is an HTTP address, which belongs under Kestrel:Endpoints; {Forms}"
                : $"{QuotedText.Quote(text)} has an unknown scheme; {NearestName.Proposal(text[..separator], ["tcp", "tls", "udp", "unix"], "valid schemes")}";
            return false;
        }

        var rest = text[(separator + 3)..];
        if (rest.IndexOfAny(['/', '?', '#', '@']) is var stray and >= 0)
        {
            error = $"{QuotedText.Quote(text)} has a '{rest[stray]}' in it; nothing but address and port follows the scheme";
            return false;
        }

        return TryParseHostAndPort(text, scheme.Value, rest, out value, out error);
    }

    private static bool TryParseHostAndPort(string text, ListenScheme scheme, string rest, [MaybeNullWhen(false)] out ListenAddress value, [NotNullWhen(false)] out string? error)
    {
        value = null;
        var colon = rest.LastIndexOf(':');
        var bracket = rest.LastIndexOf(']');
        if (colon < 0 || colon < bracket)
        {
            error = $"{QuotedText.Quote(text)} has no port; add one as ':6432', or ':0' for any free one";
            return false;
        }

        if (!PortRangeParser.TryParse(rest[(colon + 1)..], out var ports, out error))
        {
            error = $"{QuotedText.Quote(text)}: the port {error}";
            return false;
        }

        if (!TryParseHost(text, rest[..colon], out var host, out error))
        {
            return false;
        }

        value = new ListenAddress { Scheme = scheme, Host = host, FirstPort = ports.First, LastPort = ports.Last };
        return true;
    }

    private static bool TryParseHost(string text, string host, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out string? error)
    {
        error = null;
        value = null;
        if (host == "*" || host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            value = host.ToLowerInvariant();
            return true;
        }

        var bracketed = host.Length > 2 && host[0] == '[' && host[^1] == ']';
        var isAddress = IPAddressParser.TryParse(bracketed ? host[1..^1] : host, out var address);
        if (isAddress && bracketed == host.Contains(':', StringComparison.Ordinal))
        {
            value = address!.ToString();
            return true;
        }

        error = isAddress && address!.AddressFamily == AddressFamily.InterNetworkV6
            ? $"{QuotedText.Quote(text)} has an IPv6 address without brackets; did you mean {QuotedText.Quote($"[{host}]")}?"
            : $"{QuotedText.Quote(text)}: the address {QuotedText.Quote(host)} is not an IP address, 'localhost' (both loopbacks) or '*' (every address)";
        return false;
    }

    private static bool TryParseUnix(string text, [MaybeNullWhen(false)] out ListenAddress value, [NotNullWhen(false)] out string? error)
    {
        var path = text["unix:".Length..];
        var trimmed = $"/{path.TrimStart('/')}";
        error = path.StartsWith("//", StringComparison.Ordinal) ? $"{QuotedText.Quote(text)} has more than one '/' before its path; did you mean {QuotedText.Quote($"unix:{trimmed}")}?"
            : path.Length == 0 || !Path.IsPathFullyQualified(path) || path.EndsWith('/') ? $"{QuotedText.Quote(text)} is not the absolute path of a socket; write it as 'unix:/run/app.sock'"
            : path.Contains('\0', StringComparison.Ordinal) ? $"{QuotedText.Quote(text)} has a NUL character in it"
            : Encoding.UTF8.GetByteCount(path) > MaxUnixPathBytes ? $"{QuotedText.Quote(text)} is longer than the {MaxUnixPathBytes} bytes that a socket's path can have"
            : null;
        value = error is null ? new ListenAddress { Scheme = ListenScheme.Unix, Host = path } : null;
        return error is null;
    }

    private static string SchemeProposal(string text)
    {
        foreach (var guess in new[] { $"tcp://{text}", $"tcp://*{text}", $"tcp://*:{text}", $"unix:{text}" })
        {
            if (TryParse(guess, out _, out _))
            {
                return $"did you mean {QuotedText.Quote(guess)}?";
            }
        }

        return Forms;
    }
}
