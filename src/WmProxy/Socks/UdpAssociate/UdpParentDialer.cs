using System;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Clusters;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.ForwardProxy;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>
/// Has SOCKS 5 parents relay datagrams. HTTP CONNECT carries none, so that a cluster of such parents refuses them; nor does a chain of parents, whose last
/// one's relay is in general not to be reached from here.
/// </summary>
internal sealed class UdpParentDialer : IUdpParentDialer
{
    private static readonly ForwardTarget Unknown = new("0.0.0.0", IPAddress.Any, 0);

    private readonly IClusterDialer _clusters;
    private readonly TimeProvider _timeProvider;

    public UdpParentDialer(IClusterDialer clusters, TimeProvider timeProvider)
    {
        _clusters = clusters;
        _timeProvider = timeProvider;
    }

    public async ValueTask<(UdpParentAssociation? Association, string? Error)> AssociateAsync(
        ForwardProxyModel proxy, string clusterId, IPAddress? client, CancellationToken cancellationToken)
    {
        // Without a target, a parent is only greeted, and shown who we are.
        var dialled = await _clusters.DialAsync(
            new DialRequest
            {
                ClusterId = clusterId,
                ClientAddress = client,
                ConnectTimeout = proxy.ConnectTimeout,
                ConnectAttempts = proxy.ConnectAttempts,
                SparesReserve = true,
                GreetsOnly = true,
            },
            cancellationToken);
        if (!dialled.IsConnected)
        {
            return (null, dialled.Error);
        }

        UdpParentAssociation? association = null;
        try
        {
            var parent = dialled.Lease.Destination;
            var scheme = DestinationAddress.GetScheme(parent.Model.Config.Address);
            if (scheme is not (DestinationAddress.Socks5Scheme or DestinationAddress.Socks5TlsScheme))
            {
                return (null, $"destination '{parent.DestinationId}': {scheme} carries no datagrams");
            }

            if (dialled.Lease.Way is not null)
            {
                // Its relay would be sent to from here, past the parents that are to be in between.
                return (null, $"destination '{parent.DestinationId}': a chain of parents ('Via') carries no datagrams");
            }

            using var timeout = new CancellationTokenSource(proxy.ConnectTimeout, _timeProvider);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            var (relay, error) = await AskAsync(dialled.Stream, either.Token);
            if (relay is null)
            {
                return (null, $"destination '{parent.DestinationId}': {error}");
            }

            association = new UdpParentAssociation(dialled.Stream, dialled.Lease, relay);
            return (association, null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, $"no answer to UDP ASSOCIATE within {proxy.ConnectTimeout.TotalSeconds} s");
        }
        catch (Exception ex) when (SocksClient.IsGone(ex) && ex is not OperationCanceledException)
        {
            return (null, ex.Message);
        }
        finally
        {
            if (association is null)
            {
                await dialled.Stream.DisposeAsync();
                dialled.Lease.Dispose();
            }
        }
    }

    private static async ValueTask<(IPEndPoint? Relay, string? Error)> AskAsync(TransportStream stream, CancellationToken cancellationToken)
    {
        var (response, refusal) = await Socks5Handshake.RequestAsync(stream, new Socks5Request(SocksCommand.UdpAssociate, Unknown), cancellationToken);
        return refusal is not null ? (null, refusal.Error)
            : response.Reply != Socks5Reply.Succeeded ? (null, $"no UDP ASSOCIATE (reply {(byte)response.Reply:X2})")
            : GetRelay(response.Bound, stream);
    }

    // Many servers leave the address to the client: it is the one that the connection goes to.
    private static (IPEndPoint? Relay, string? Error) GetRelay(ForwardTarget bound, TransportStream stream)
    {
        var address = bound.Address is { } told && !told.Equals(IPAddress.Any) && !told.Equals(IPAddress.IPv6Any) ? told
            : bound.Address is not null ? (stream.GetRemoteEndPoint() as IPEndPoint)?.Address
            : null;
        return address is null || bound.Port == 0
            ? (null, $"its relay has no address that could be used ({bound})")
            : (new IPEndPoint(address, bound.Port), null);
    }
}
