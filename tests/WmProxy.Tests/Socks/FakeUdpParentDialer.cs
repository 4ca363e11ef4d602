using System;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.ForwardProxy;
using WmProxy.Socks.UdpAssociate;

namespace WmProxy.Tests.Socks;

/// <summary>Gives what the test puts in; nothing by default.</summary>
internal sealed class FakeUdpParentDialer : IUdpParentDialer
{
    private int _calls;

    public Func<string, Task<UdpParentAssociation?>> Associate { get; set; } = static _ => Task.FromResult<UdpParentAssociation?>(null);

    public int Calls => Volatile.Read(ref _calls);

    public async ValueTask<(UdpParentAssociation? Association, string? Error)> AssociateAsync(
        ForwardProxyModel proxy, string clusterId, IPAddress? client, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _calls);
        return await Associate(clusterId) is { } association ? (association, null) : (null, "as the test wants");
    }
}
