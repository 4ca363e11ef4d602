using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace WmProxy.Connections;

internal static class EndPointExtensions
{
    /// <summary>
    /// The end point itself, or the IPv4 one that it stands for: a socket that takes both families shows IPv4 peers as mapped IPv6 addresses
    /// (RFC 4291 section 2.5.5.2).
    /// </summary>
    [return: NotNullIfNotNull(nameof(endPoint))]
    public static EndPoint? Unmap(this EndPoint? endPoint) =>
        endPoint is IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped ? new IPEndPoint(mapped.Address.Unmap(), mapped.Port) : endPoint;

    /// <summary>The address itself, or the IPv4 one that it stands for.</summary>
    public static IPAddress Unmap(this IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
