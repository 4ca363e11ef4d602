using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using WmProxy.Configuration.Values;

namespace WmProxy.Connectors;

/// <summary>A destination's address in the form that connectors use.</summary>
internal sealed record DestinationAddress
{
    /// <summary>The scheme of UDP destinations, which no connector dials: sessions send to them.</summary>
    public const string UdpScheme = "udp";

    // sockaddr_un.sun_path is 108 bytes on Linux (unix(7)), the last one for the terminator.
    private const int MaxUnixPathLength = 107;

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

    /// <summary>The scheme of <paramref name="address"/> in lower case; empty where there is none.</summary>
    public static string GetScheme(string address)
    {
        var colon = address.IndexOf(':', StringComparison.Ordinal);
        return colon <= 0 ? "" : address[..colon].ToLowerInvariant();
    }

    /// <summary>Reads <c>tcp://host:port</c>, <c>tls://host:port</c>, <c>udp://host:port</c> or <c>unix:/path</c>.</summary>
    /// <param name="address">The destination's <c>Address</c>.</param>
    /// <param name="host">The destination's <c>Host</c>, which becomes <see cref="ServerName"/>.</param>
    /// <param name="result">The address, when it is well-formed.</param>
    /// <param name="error">What is wrong and what would be right, when it is not.</param>
    public static bool TryParse(
        string address,
        string? host,
        [NotNullWhen(true)] out DestinationAddress? result,
        [NotNullWhen(false)] out string? error)
    {
        result = null;
        var scheme = GetScheme(address);
        var rest = address.AsSpan(Math.Min(address.Length, scheme.Length + 1));
        switch (scheme)
        {
            case "tcp" or "tls" or UdpScheme:
                return TryParseHostAndPort(address, scheme, rest, host, out result, out error);
            case "unix":
                return TryParsePath(address, rest, host, out result, out error);
            case "":
                error = $"{QuotedText.Quote(address)} has no scheme; write tcp://host:port, tls://host:port, udp://host:port or unix:/path";
                return false;
            default:
                error = $"{QuotedText.Quote(address)} has the scheme {QuotedText.Quote(scheme)}, which streams cannot dial; use tcp, tls, udp or unix";
                return false;
        }
    }

    /// <summary>The address as it is written in a configuration.</summary>
    public override string ToString() =>
        Scheme == "unix" ? $"unix:{Host}" : Host.Contains(':', StringComparison.Ordinal) ? $"{Scheme}://[{Host}]:{Port}" : $"{Scheme}://{Host}:{Port}";

    private static bool TryParseHostAndPort(
        string address,
        string scheme,
        ReadOnlySpan<char> rest,
        string? serverName,
        [NotNullWhen(true)] out DestinationAddress? result,
        [NotNullWhen(false)] out string? error)
    {
        result = null;
        if (!rest.StartsWith("//", StringComparison.Ordinal))
        {
            error = $"{QuotedText.Quote(address)} is not of the form {scheme}://host:port";
            return false;
        }

        var authority = rest[2..];
        var end = authority.IndexOfAny('/', '?', '#');
        if (end >= 0)
        {
            // DNS destination resolvers write addresses as URIs, whose empty path is a slash.
            if (authority[end..] is not "/")
            {
                error = $"{QuotedText.Quote(address)} has a path, which {scheme} addresses do not have";
                return false;
            }

            authority = authority[..end];
        }

        if (authority.Contains('@'))
        {
            error = $"the address of scheme '{scheme}' has a user name, which {scheme} addresses do not have";
            return false;
        }

        ReadOnlySpan<char> host;
        ReadOnlySpan<char> port;
        if (authority.StartsWith('['))
        {
            var close = authority.IndexOf(']');
            if (close < 0)
            {
                error = $"{QuotedText.Quote(address)} has a '[' without its ']'";
                return false;
            }

            host = authority[1..close];
            port = authority[(close + 1)..];
            if (!host.Contains(':') || !IPAddress.TryParse(host, out _))
            {
                error = $"{QuotedText.Quote(host.ToString())} in {QuotedText.Quote(address)} is not an IPv6 address";
                return false;
            }
        }
        else
        {
            var colon = authority.IndexOf(':');
            if (colon >= 0 && authority.LastIndexOf(':') != colon)
            {
                error = $"{QuotedText.Quote(address)} has an IPv6 address without brackets; write {scheme}://[::1]:port";
                return false;
            }

            host = colon < 0 ? authority : authority[..colon];
            port = colon < 0 ? default : authority[colon..];
        }

        if (!port.StartsWith(':') || port.Length == 1)
        {
            error = $"{QuotedText.Quote(address)} has no port; write {scheme}://host:port";
            return false;
        }

        if (!int.TryParse(port[1..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > IPEndPoint.MaxPort)
        {
            error = $"{QuotedText.Quote(port[1..].ToString())} in {QuotedText.Quote(address)} is not a port from 1 to 65535";
            return false;
        }

        if (!TryParseHost(host, out var ip))
        {
            error = $"{QuotedText.Quote(host.ToString())} in {QuotedText.Quote(address)} is neither a host name nor an IP address";
            return false;
        }

        var name = ip?.ToString() ?? host.ToString();
        result = new DestinationAddress
        {
            Scheme = scheme,
            Host = name,
            Port = number,
            EndPoint = ip is null ? null : new IPEndPoint(ip, number),
            ServerName = GetServerName(serverName) ?? name,
        };
        error = null;
        return true;
    }

    private static bool TryParseHost(ReadOnlySpan<char> host, out IPAddress? address)
    {
        address = null;
        if (host.IsEmpty)
        {
            return false;
        }

        if (!host.ContainsAnyExcept("0123456789.") || host.Contains(':'))
        {
            return IPAddressParser.TryParse(host, out address);
        }

        return Uri.CheckHostName(host.ToString()) == UriHostNameType.Dns;
    }

    /// <summary>The name in a destination's <c>Host</c>, which DNS destination resolvers write with the port.</summary>
    private static string? GetServerName(string? host)
    {
        if (string.IsNullOrEmpty(host))
        {
            return null;
        }

        if (host.StartsWith('['))
        {
            var close = host.IndexOf(']', StringComparison.Ordinal);
            return close < 0 ? host : host[1..close];
        }

        var colon = host.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && host.LastIndexOf(':') == colon ? host[..colon] : host;
    }

    private static bool TryParsePath(
        string address,
        ReadOnlySpan<char> path,
        string? serverName,
        [NotNullWhen(true)] out DestinationAddress? result,
        [NotNullWhen(false)] out string? error)
    {
        result = null;
        if (path.StartsWith("///", StringComparison.Ordinal))
        {
            path = path[2..];
        }

        if (!path.StartsWith('/') || path.StartsWith("//", StringComparison.Ordinal) || path.Length == 1)
        {
            error = $"{QuotedText.Quote(address)} is not of the form unix:/path, with an absolute path";
            return false;
        }

        if (path.Contains('\0') || Encoding.UTF8.GetByteCount(path) > MaxUnixPathLength)
        {
            error = $"{QuotedText.Quote(address)} has a path that a Unix domain socket cannot have: at most {MaxUnixPathLength} bytes, none of them zero";
            return false;
        }

        var name = path.ToString();
        result = new DestinationAddress
        {
            Scheme = "unix",
            Host = name,
            EndPoint = new UnixDomainSocketEndPoint(name),
            ServerName = GetServerName(serverName) ?? name,
        };
        error = null;
        return true;
    }
}
