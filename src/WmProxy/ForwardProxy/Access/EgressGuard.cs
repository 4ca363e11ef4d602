using System.Net;
using WmProxy.Configuration;

namespace WmProxy.ForwardProxy.Access;

/// <summary>
/// Keeps clients of a forward proxy from destinations that are theirs only because the proxy is where it is. It judges the address that is really dialled.
/// </summary>
internal sealed class EgressGuard
{
    private const int MailPort = 25;

    private readonly OwnListeners _ownListeners;

    public EgressGuard(OwnListeners ownListeners) => _ownListeners = ownListeners;

    /// <summary>What <paramref name="proxy"/> has against <paramref name="address"/>, which <paramref name="rule"/> allows for <paramref name="request"/>.</summary>
    public GuardReason Check(ForwardProxyModel proxy, in ForwardRequest request, IPAddress address, ForwardRule rule)
    {
        var port = request.Target.Port;
        var own = _ownListeners.Find(address, port, isUdp: request.Command == ForwardCommand.UdpAssociate);
        if (own == GuardReason.Loop || !proxy.GuardsDestinations)
        {
            return own == GuardReason.Loop ? own : GuardReason.None;
        }

        return AddressKind.Find(address) is var kind and not GuardReason.None ? kind
            : own != GuardReason.None ? own
            : CheckPort(port, rule);
    }

    /// <summary>The same for a name that a parent resolves: little can be said of it.</summary>
    public static GuardReason CheckName(ForwardProxyModel proxy, string? name, int port, ForwardRule rule) =>
        !proxy.GuardsDestinations ? GuardReason.None
        : name is not null && HostName.IsLocalhost(name) ? GuardReason.Loopback
        : CheckPort(port, rule);

    private static GuardReason CheckPort(int port, ForwardRule rule) =>
        port == MailPort && !rule.Conditions.NamesPorts ? GuardReason.MailPort : GuardReason.None;
}
