using System.Net;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.ForwardProxy;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>Has parent proxies relay datagrams.</summary>
internal interface IUdpParentDialer
{
    /// <summary>
    /// Opens an association at a parent of <paramref name="clusterId"/>. Failures are results; only the token throws, with nothing left open.
    /// </summary>
    ValueTask<(UdpParentAssociation? Association, string? Error)> AssociateAsync(
        ForwardProxyModel proxy, string clusterId, IPAddress? client, CancellationToken cancellationToken);
}
