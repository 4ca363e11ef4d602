using System;
using System.Net;
using System.Net.Sockets;
using WmProxy.Configuration;

namespace WmProxy.Listeners;

/// <summary>Says why an address cannot be opened, and what to do.</summary>
internal static class ListenerErrors
{
    public static string Describe(ListenAddress address, Exception exception)
    {
        return exception switch
        {
            SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse } => $"{address} is in use{Owner(address)}. Stop that program or choose another port.",
            SocketException { SocketErrorCode: SocketError.AddressNotAvailable } => $"{address} is not an address of this machine.",
            SocketException { SocketErrorCode: SocketError.AccessDenied } => address.Scheme == ListenScheme.Unix
                ? $"{address} may not be created by this user."
                : $"{address} may not be opened by this user: ports below 1024 need root or CAP_NET_BIND_SERVICE.",
            _ => $"{address} cannot be opened: {exception.Message}",
        };
    }

    private static string Owner(ListenAddress address)
    {
        if (address.Scheme == ListenScheme.Unix)
        {
            return "";
        }

        var ip = address.Host switch
        {
            "*" => IPAddress.IPv6Any,
            "localhost" => IPAddress.Loopback,
            var host => IPAddress.Parse(host),
        };
        return PortOwner.Find(new IPEndPoint(ip, address.FirstPort), address.IsUdp) is { } owner ? $" by {owner}" : "";
    }
}
