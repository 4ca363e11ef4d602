using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using WmProxy.Configuration;
using WmProxy.Listeners;

namespace WmProxy.Server.Http;

/// <summary>
/// Tries the addresses of <c>Kestrel:Endpoints</c> before Kestrel does: on a reload Kestrel would only log that a port is in use, and never try again.
/// </summary>
internal static class HttpEndpointPreflight
{
    /// <summary>
    /// Binds and closes every address of <paramref name="candidate"/> whose port no endpoint of <paramref name="live"/> has (Kestrel closes changed
    /// endpoints before it opens new ones). The errors name key, address and, where it can be known, the owner.
    /// </summary>
    public static IReadOnlyList<ConfigError> Check(IConfiguration candidate, IConfiguration? live)
    {
        var served = live is null ? [] : Endpoints(live).Select(endpoint => endpoint.Address.Port).ToHashSet();
        var errors = new List<ConfigError>();
        foreach (var (key, url, address) in Endpoints(candidate))
        {
            if (address.IsUnixPipe || address.IsNamedPipe || served.Contains(address.Port))
            {
                continue;
            }

            if (TryBind(address) is { } message)
            {
                errors.Add(new ConfigError(key, $"{url} {message}"));
            }
        }

        return errors;
    }

    private static IEnumerable<(string Key, string Url, BindingAddress Address)> Endpoints(IConfiguration configuration)
    {
        foreach (var endpoint in configuration.GetSection("Kestrel:Endpoints").GetChildren())
        {
            // What is no address is the checker's to report.
            if (endpoint["Url"] is { } url && TryParse(url) is { } address)
            {
                yield return ($"{endpoint.Path}:Url", url, address);
            }
        }

        var urls = HttpUrls.Get(configuration);
        for (var index = 0; index < urls.Length; index++)
        {
            if (!HttpUrls.HasEndpoints(configuration) && TryParse(urls[index]) is { } address)
            {
                yield return ("urls", urls[index], address);
            }
        }
    }

    private static BindingAddress? TryParse(string url)
    {
        try
        {
            return BindingAddress.Parse(url);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static string? TryBind(BindingAddress address)
    {
        // The same reading of the host as Kestrel's: localhost is both loopbacks, a name that is no IP is every address.
        if (string.Equals(address.Host, "localhost", StringComparison.OrdinalIgnoreCase))
        {
            return address.Port == 0
                ? "has port 0, which cannot be picked for localhost, as it stands for two addresses. Write http://127.0.0.1:0"
                : TryBind(new IPEndPoint(IPAddress.Loopback, address.Port))
                    ?? (Socket.OSSupportsIPv6 ? TryBind(new IPEndPoint(IPAddress.IPv6Loopback, address.Port), optional: true) : null);
        }

        return IPAddress.TryParse(address.Host, out var ip)
            ? TryBind(new IPEndPoint(ip, address.Port))
            : TryBind(new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, address.Port));
    }

    private static string? TryBind(IPEndPoint endPoint, bool optional = false)
    {
        try
        {
            using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(endPoint);
            return null;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => PortOwner.Find(endPoint) is { } owner ? $"is in use by {owner}. Stop that program or choose another port" : "is in use by another process. Stop it or choose another port",
                SocketError.AccessDenied => "may not be opened by this user: ports below 1024 need root or the capability CAP_NET_BIND_SERVICE",
                SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported when optional => null,
                SocketError.AddressNotAvailable => "is not an address of this machine",
                _ => $"cannot be opened: {exception.Message}",
            };
        }
    }
}
