using System;
using System.Net;
using WmProxy.Clusters;
using WmProxy.Connections;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>An association at a parent proxy, as long as its control connection lasts.</summary>
/// <param name="Control">The connection on which it was asked for.</param>
/// <param name="Lease">Its place at the parent.</param>
/// <param name="Relay">Where the parent takes datagrams.</param>
internal sealed record UdpParentAssociation(TransportStream Control, DestinationLease Lease, IPEndPoint Relay) : IDisposable
{
    public void Dispose()
    {
        Control.Dispose();
        Lease.Dispose();
    }
}
