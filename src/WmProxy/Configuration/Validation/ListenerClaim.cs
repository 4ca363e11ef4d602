using System;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace WmProxy.Configuration.Validation;

/// <summary>One address that a listener takes, in a form that shows whether two take the same.</summary>
internal sealed class ListenerClaim
{
    private readonly IPAddress[] _addresses;
    private readonly string? _socketPath;

    private ListenerClaim(string path, string text, IPAddress[] addresses, string? socketPath, int firstPort, int lastPort, StreamConfig? stream, bool isOwn)
    {
        Path = path;
        Text = text;
        _addresses = addresses;
        _socketPath = socketPath;
        FirstPort = firstPort;
        LastPort = lastPort;
        Stream = stream;
        IsOwn = isOwn;
    }

    /// <summary>The key path of the address.</summary>
    public string Path { get; }

    /// <summary>The address as it is written.</summary>
    public string Text { get; }

    public int FirstPort { get; }

    public int LastPort { get; }

    /// <summary>The stream that listens; <see langword="null"/> for a forward proxy and for Kestrel.</summary>
    public StreamConfig? Stream { get; }

    /// <summary>Whether it is a listener of WmProxy, rather than of Kestrel.</summary>
    public bool IsOwn { get; }

    /// <summary>Whether it is a UDP port, which has nothing to do with the TCP port of the same number.</summary>
    public bool IsUdp { get; private init; }

    /// <param name="path">The key path of the address.</param>
    /// <param name="address">The address.</param>
    /// <param name="stream">The stream that listens; <see langword="null"/> for a forward proxy.</param>
    public static ListenerClaim Of(string path, ListenAddress address, StreamConfig? stream)
    {
        var isSocket = address.Scheme == ListenScheme.Unix;
        IPAddress[] addresses = isSocket ? [] : address.Host switch
        {
            "*" => [IPAddress.Any, IPAddress.IPv6Any],
            "localhost" => [IPAddress.Loopback, IPAddress.IPv6Loopback],
            var host => IPAddress.TryParse(host, out var parsed) ? [parsed] : [],
        };
        return new ListenerClaim(path, address.ToString(), addresses, isSocket ? address.Host : null, address.FirstPort, address.LastPort, stream, isOwn: true) { IsUdp = address.IsUdp };
    }

    /// <summary>What a URL of Kestrel takes; for HTTP/3 that is a UDP port.</summary>
    /// <exception cref="FormatException">It is not a URL that Kestrel takes.</exception>
    public static ListenerClaim OfKestrel(string path, string url, bool isUdp = false)
    {
        var binding = BindingAddress.Parse(url);
        if (binding.IsUnixPipe)
        {
            return new ListenerClaim(path, url, [], binding.UnixPipePath, 0, 0, null, isOwn: false);
        }

        // Kestrel binds the IPv6 wildcard for both families, and whatever is neither an address nor localhost as a wildcard.
        IPAddress[] addresses = binding.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? [IPAddress.Loopback, IPAddress.IPv6Loopback]
            : IPAddress.TryParse(binding.Host.Trim('[', ']'), out var parsed) && !parsed.Equals(IPAddress.IPv6Any) ? [parsed]
            : [IPAddress.Any, IPAddress.IPv6Any];
        return new ListenerClaim(path, url, addresses, null, binding.Port, binding.Port, null, isOwn: false) { IsUdp = isUdp };
    }

    public bool Overlaps(ListenerClaim other)
    {
        if (_socketPath is not null || other._socketPath is not null)
        {
            return string.Equals(_socketPath, other._socketPath, StringComparison.Ordinal);
        }

        // Port 0 is a different free port each time.
        return IsUdp == other.IsUdp && FirstPort != 0 && other.FirstPort != 0 && FirstPort <= other.LastPort && other.FirstPort <= LastPort
            && Array.Exists(_addresses, address => Array.Exists(other._addresses, another => Overlap(address, another)));
    }

    private static bool Overlap(IPAddress a, IPAddress b)
    {
        var wildcard = a.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;
        return a.AddressFamily == b.AddressFamily && (a.Equals(b) || a.Equals(wildcard) || b.Equals(wildcard));
    }
}
