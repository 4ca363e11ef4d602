using System.Net;
using System.Net.Sockets;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Validation;

/// <summary>The numbers of a forward proxy are in their ranges.</summary>
internal static class ForwardLimitsValidator
{
    public static void Validate(ForwardProxyConfig proxy, ConfigErrorCollector errors)
    {
        LimitsValidator.RequireAtLeast(PathOf(proxy, "ConnectAttempts"), proxy.ConnectAttempts, 1, errors);
        LimitsValidator.RequireAtLeast(PathOf(proxy, "MaxConnections"), proxy.MaxConnections, 0, errors);
        LimitsValidator.RequireAtLeast(PathOf(proxy, "MaxConnectionsPerClient"), proxy.MaxConnectionsPerClient, 0, errors);
        LimitsValidator.RequireDuration(PathOf(proxy, "DetectTimeout"), proxy.DetectTimeout, errors);
        LimitsValidator.RequireDuration(PathOf(proxy, "ConnectTimeout"), proxy.ConnectTimeout, errors);
        LimitsValidator.RequireDuration(PathOf(proxy, "IdleTimeout"), proxy.IdleTimeout, errors);
        LimitsValidator.RequireDuration(PathOf(proxy, "HalfCloseTimeout"), proxy.HalfCloseTimeout, errors);
        LimitsValidator.ValidateBandwidth(PathOf(proxy, "Bandwidth"), proxy.Bandwidth, errors);
        LimitsValidator.ValidateProxyProtocol(PathOf(proxy, "ProxyProtocol"), proxy.ProxyProtocol, errors);
        if (proxy.UdpAssociate is { } associate)
        {
            ValidateAssociate(PathOf(proxy, "UdpAssociate"), associate, errors);
        }
    }

    private static void ValidateAssociate(string path, UdpAssociateConfig associate, ConfigErrorCollector errors)
    {
        LimitsValidator.RequireDuration(ConfigKeyPath.Of(path, "IdleTimeout"), associate.IdleTimeout, errors);
        LimitsValidator.RequireAtLeast(ConfigKeyPath.Of(path, "MaxAssociationsPerClient"), associate.MaxAssociationsPerClient, 0, errors);
        if (associate.Ports is { } ports)
        {
            if (!PortRangeParser.TryParse(ports, out var range, out var error))
            {
                errors.Add(ConfigKeyPath.Of(path, "Ports"), error);
            }
            else if (range.First == 0)
            {
                errors.Add(ConfigKeyPath.Of(path, "Ports"), "0 is any free port; leave 'Ports' out for that");
            }
        }

        if (associate.AdvertisedAddress is { } address && !IsSendable(address))
        {
            errors.Add(ConfigKeyPath.Of(path, "AdvertisedAddress"), $"'{address}' is not an address that clients can send datagrams to");
        }
    }

    private static bool IsSendable(IPAddress address) =>
        !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) && !address.Equals(IPAddress.Broadcast) && !address.IsIPv6Multicast
        && (address.AddressFamily != AddressFamily.InterNetwork || address.GetAddressBytes()[0] is < 224 or > 239);

    private static string PathOf(ForwardProxyConfig proxy, params string[] keys) => ConfigKeyPath.ForwardProxy(proxy.ProxyId, keys);
}
