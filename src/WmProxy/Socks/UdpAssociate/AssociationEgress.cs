using System;
using System.Net;
using System.Net.Sockets;
using WmProxy.Udp;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>Sends an association's datagrams to their destinations, from one socket of each family, opened when it is first needed.</summary>
internal sealed class AssociationEgress : IDisposable
{
    private readonly AssociationDestinations _destinations;
    private readonly AssociationReplies _replies;
    private readonly AssociationTraffic _traffic;
    private readonly AssociationTasks _tasks;
    private UdpRelaySocket? _ipv4;
    private UdpRelaySocket? _ipv6;
    private bool _isDisposed;

    public AssociationEgress(AssociationDestinations destinations, AssociationReplies replies, AssociationTraffic traffic, AssociationTasks tasks) =>
        (_destinations, _replies, _traffic, _tasks) = (destinations, replies, traffic, tasks);

    /// <summary>Sends to a destination that is judged, or drops. Under the lock of the destinations, as it does not wait.</summary>
    public void Send(AssociationDestination destination, ReadOnlySpan<byte> data)
    {
        if (destination.Refusal is { } refusal)
        {
            _traffic.Dropped(refusal);
        }
        else if (destination.Bandwidth?.Upload is { } limiter && !limiter.TryAcquire(data.Length))
        {
            _traffic.Dropped(UdpDropReason.Bandwidth);
        }
        else if ((destination.Parent is { } parent ? parent.Send(destination.ParentHeader, data) : SendTo(destination, data)) != SocketError.Success)
        {
            _traffic.Dropped(UdpDropReason.SendFailed);
        }
        else
        {
            _traffic.Sent(data.Length);
        }
    }

    /// <summary>Closes the sockets, for good. Under the lock of the destinations.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _ipv4?.Dispose();
        _ipv6?.Dispose();
    }

    private SocketError SendTo(AssociationDestination destination, ReadOnlySpan<byte> data)
    {
        while (destination.Peer is { } peer)
        {
            var error = SocketFor(peer.EndPoint.AddressFamily)?.Send(data, peer.SocketAddress) ?? SocketError.AddressFamilyNotSupported;
            if (error is SocketError.Success or SocketError.MessageSize or SocketError.WouldBlock or SocketError.NoBufferSpaceAvailable or SocketError.OperationAborted
                || !_destinations.TryMoveNext(destination))
            {
                return error;
            }
        }

        return SocketError.HostUnreachable;
    }

    private UdpRelaySocket? SocketFor(AddressFamily family)
    {
        ref var socket = ref family == AddressFamily.InterNetwork ? ref _ipv4 : ref _ipv6;
        if (socket is null && !_isDisposed)
        {
            try
            {
                socket = UdpRelaySocket.Open(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, default, _replies.OnReply);
                _tasks.Add(socket.RunAsync());
            }
            catch (SocketException)
            {
                // No such family here, or no descriptor left: the next datagram tries again.
            }
        }

        return socket;
    }
}
