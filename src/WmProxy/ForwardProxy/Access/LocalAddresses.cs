using System.Collections.Frozen;
using System.Linq;
using System.Net;
using System.Net.NetworkInformation;

namespace WmProxy.ForwardProxy.Access;

/// <summary>Lists the addresses of this machine's interfaces.</summary>
internal static class LocalAddresses
{
    public static FrozenSet<IPAddress> Read() => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(network => network.GetIPProperties().UnicastAddresses)
        .Select(unicast => WithoutScope(unicast.Address))
        .ToFrozenSet();

    // fe80::1%2 is the address fe80::1, whichever way one gets there.
    private static IPAddress WithoutScope(IPAddress address) => address.IsIPv6LinkLocal ? new IPAddress(address.GetAddressBytes()) : address;
}
