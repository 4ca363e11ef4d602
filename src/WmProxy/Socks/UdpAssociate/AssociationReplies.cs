using System;
using System.Net;
using WmProxy.Relay.Bandwidth;
using WmProxy.Udp;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>Hands an association's replies to its client: those of peers that it sends to, and those that come through parents.</summary>
internal sealed class AssociationReplies
{
    private readonly AssociationDestinations _destinations;
    private readonly AssociationClient _client;
    private readonly AssociationTraffic _traffic;

    public AssociationReplies(AssociationDestinations destinations, AssociationClient client, AssociationTraffic traffic) =>
        (_destinations, _client, _traffic) = (destinations, client, traffic);

    /// <inheritdoc cref="UdpRelaySocket.Receiver"/>
    public void OnReply(Span<byte> buffer, SocketAddress sender)
    {
        UdpPeer? peer = null;
        if (UdpPeer.TryGetKey(sender, out var key))
        {
            lock (_destinations.Lock)
            {
                _destinations.TryFindPeer(key, out peer);
            }
        }

        if (peer is null)
        {
            _traffic.Dropped(UdpDropReason.ForeignSender);
            return;
        }

        var length = buffer.Length - UdpRelaySocket.Headroom;
        var headerLength = UdpPeer.WriteHeader(key, buffer[..UdpRelaySocket.Headroom]);
        Answer(buffer[(UdpRelaySocket.Headroom - headerLength)..], length, peer.Bandwidth);
    }

    /// <inheritdoc cref="UdpParents.Receiver"/>
    public void OnParentReply(UdpParent parent, Span<byte> buffer, SocketAddress sender)
    {
        ReadOnlySpan<byte> datagram = buffer[UdpRelaySocket.Headroom..];
        if (!parent.IsFrom(sender))
        {
            _traffic.Dropped(UdpDropReason.ForeignSender);
        }
        else if (!Socks5Datagram.TryParse(datagram, out var fragment, out var headerLength))
        {
            _traffic.Dropped(UdpDropReason.Malformed);
        }
        else if (fragment != 0)
        {
            _traffic.Dropped(UdpDropReason.Fragmented);
        }
        else
        {
            Answer(datagram, datagram.Length - headerLength, parent.Bandwidth);
        }
    }

    private void Answer(ReadOnlySpan<byte> datagram, int length, BandwidthLease? bandwidth)
    {
        if (bandwidth?.Download is { } limiter && !limiter.TryAcquire(length))
        {
            _traffic.Dropped(UdpDropReason.Bandwidth);
        }
        else if (!_client.TrySend(datagram))
        {
            _traffic.Dropped(UdpDropReason.SendFailed);
        }
        else
        {
            _traffic.Answered(length);
        }
    }
}
