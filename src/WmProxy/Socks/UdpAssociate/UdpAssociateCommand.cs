using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.ForwardProxy;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>UDP ASSOCIATE (RFC 1928 sections 4 and 7): opens a relay for the client, tells it where, and keeps it as long as the client's connection.</summary>
internal sealed class UdpAssociateCommand
{
    private readonly UdpAssociateContext _context;

    public UdpAssociateCommand(UdpAssociateContext context) => _context = context;

    public async Task RunAsync(SocksClient client, ForwardTarget expected, UdpAssociateModel model)
    {
        var (state, proxy) = (client.State, client.Proxy);

        // What the request names is the client's own address, and nothing that it wants to reach.
        state.Target = null;
        if (client.Address is not { } address)
        {
            await client.RefuseAsync(Socks5Reply.GeneralFailure, ConnectionEndReason.ProtocolError, "A client without an IP address sends no datagrams.");
            return;
        }

        if (!proxy.State.AssociationsPerClient.TryAcquire(address, model.MaxAssociationsPerClient))
        {
            await client.RefuseAsync(Socks5Reply.NotAllowed, ConnectionEndReason.ClientConnectionLimit, $"The client has {model.MaxAssociationsPerClient} associations.");
            return;
        }

        try
        {
            await ServeAsync(client, address, expected, model);
        }
        finally
        {
            proxy.State.AssociationsPerClient.Release(address);
        }
    }

    private async Task ServeAsync(SocksClient client, IPAddress address, ForwardTarget expected, UdpAssociateModel model)
    {
        var state = client.State;
        UdpAssociation association;
        try
        {
            association = new UdpAssociation(client, address, GetClientPort(address, expected), _context, GetLocalAddress(client, address), model.Ports);
        }
        catch (SocketException ex)
        {
            await client.RefuseAsync(Socks5Reply.GeneralFailure, ConnectionEndReason.ConnectFailed, $"No socket for datagrams: {ex.Message}");
            return;
        }

        var relay = association.LocalEndPoint;
        _context.Associated(state, relay);

        // Before the client is told: what it hears of can be revoked.
        using var live = client.Proxy.Track(client.Ask(ForwardCommand.UdpAssociate, default), null, client.Revoke);
        if (!await client.TryGrantAsync(new IPEndPoint(model.AdvertisedAddress ?? relay.Address, relay.Port)))
        {
            association.Dispose();
            return;
        }

        state.StartRelay(association, model.IdleTicks, model.IdleTicks, _context.TimeProvider.GetTimestamp());
        state.TryEnd(await association.RunAsync());
    }

    // A client that is behind a NAT does not know its address, nor then its port: what it tells counts only if the address is right, or left open.
    private static int GetClientPort(IPAddress address, ForwardTarget expected) =>
        expected.Address is { } told && (told.Equals(IPAddress.Any) || told.Equals(IPAddress.IPv6Any) || told.Equals(address.Unmap())) ? expected.Port : 0;

    // The socket's own, whatever a PROXY header says: nothing else can be bound.
    private static IPAddress GetLocalAddress(SocksClient client, IPAddress address)
    {
        var local = (client.State.Accepted?.GetLocalEndPoint() ?? client.Connection.LocalEndPoint) as IPEndPoint;
        return local is not null && local.AddressFamily == address.Unmap().AddressFamily ? local.Address
            : address.Unmap().AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any
            : IPAddress.IPv6Any;
    }
}
