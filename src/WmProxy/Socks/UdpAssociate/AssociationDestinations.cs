using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Threading;
using WmProxy.Udp;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>
/// The destinations of one association, and the peers that may answer. Bounded: a destination that is used again after it had to make room is judged again.
/// Whoever uses it holds its lock, and does not wait meanwhile.
/// </summary>
internal sealed class AssociationDestinations
{
    private const int MaxDestinations = 1024;
    private const int MaxWaitingBytes = 256 * 1024;
    private const int MaxWaiting = 16;

    private readonly Dictionary<byte[], AssociationDestination> _destinations = new(ByteArrayComparer.Instance);
    private readonly Dictionary<byte[], AssociationDestination>.AlternateLookup<ReadOnlySpan<byte>> _byAddress;
    private readonly Dictionary<UdpSessionKey, UdpPeer> _peers = [];
    private readonly LinkedList<AssociationDestination> _byUse = new();
    private int _waitingBytes;

    public AssociationDestinations() => _byAddress = _destinations.GetAlternateLookup<ReadOnlySpan<byte>>();

    public Lock Lock { get; } = new();

    /// <summary>Finds a destination by its address as it is written in a datagram, from ATYP on, or adds it; <see langword="false"/> for a name that is none, or port 0.</summary>
    public bool TryGet(ReadOnlySpan<byte> address, [NotNullWhen(true)] out AssociationDestination? destination)
    {
        if (TryFind(address, out destination))
        {
            return true;
        }

        if (!Socks5Address.TryRead(address, out var target) || target.Port == 0)
        {
            return false;
        }

        if (_destinations.Count >= MaxDestinations)
        {
            Remove(_byUse.First!.Value);
        }

        destination = new AssociationDestination(address.ToArray(), target);
        _destinations.Add(destination.Key, destination);
        _byUse.AddLast(destination.Node);
        return true;
    }

    /// <summary>Who may answer.</summary>
    public bool TryFindPeer(in UdpSessionKey key, [NotNullWhen(true)] out UdpPeer? peer) => _peers.TryGetValue(key, out peer);

    /// <summary>Has a destination's datagrams go to one of <paramref name="addresses"/>, the one in use as long as it is among them; to nobody where there is none.</summary>
    public void SetPeer(AssociationDestination destination, IReadOnlyList<IPAddress> addresses)
    {
        IPAddress? chosen = null;
        destination.Alternatives.Clear();
        foreach (var address in addresses)
        {
            if (chosen is null || address.Equals(destination.Peer?.EndPoint.Address))
            {
                chosen = address;
            }
        }

        foreach (var address in addresses)
        {
            if (!address.Equals(chosen))
            {
                destination.Alternatives.Enqueue(address);
            }
        }

        SetPeer(destination, chosen);
    }

    /// <summary>Gives up the address in use for the next one; <see langword="false"/> when none is left.</summary>
    public bool TryMoveNext(AssociationDestination destination)
    {
        if (!destination.Alternatives.TryDequeue(out var next))
        {
            return false;
        }

        SetPeer(destination, next);
        return true;
    }

    /// <summary>Destinations of a parent that is gone are judged anew, which looks for another one.</summary>
    public void Forget(UdpParent parent)
    {
        foreach (var destination in _destinations.Values)
        {
            destination.IsJudged &= destination.Parent != parent;
        }
    }

    /// <summary>Keeps a copy of <paramref name="data"/> until the destination is judged; <see langword="false"/> where too much waits already.</summary>
    public bool TryHold(AssociationDestination destination, ReadOnlySpan<byte> data)
    {
        if (destination.IsRemoved || destination.Waiting.Count >= MaxWaiting || _waitingBytes + data.Length > MaxWaitingBytes)
        {
            return false;
        }

        _waitingBytes += data.Length;
        destination.Waiting.Enqueue(data.ToArray());
        return true;
    }

    /// <summary>Takes what waits, the oldest first.</summary>
    public bool TryRelease(AssociationDestination destination, [NotNullWhen(true)] out byte[]? data)
    {
        if (!destination.Waiting.TryDequeue(out data))
        {
            return false;
        }

        _waitingBytes -= data.Length;
        return true;
    }

    private bool TryFind(ReadOnlySpan<byte> address, [NotNullWhen(true)] out AssociationDestination? destination)
    {
        if (!_byAddress.TryGetValue(address, out destination))
        {
            return false;
        }

        _byUse.Remove(destination.Node);
        _byUse.AddLast(destination.Node);
        return true;
    }

    private void SetPeer(AssociationDestination destination, IPAddress? address)
    {
        var endPoint = address is null ? null : new IPEndPoint(address, destination.Target.Port);
        if (destination.Peer is { } old)
        {
            if (old.EndPoint.Equals(endPoint))
            {
                old.Bandwidth = destination.Bandwidth;
                return;
            }

            destination.Peer = null;
            if (--old.References == 0)
            {
                _peers.Remove(old.Key);
            }
        }

        if (endPoint is null || destination.IsRemoved)
        {
            return;
        }

        var key = UdpPeer.KeyOf(endPoint);
        if (!_peers.TryGetValue(key, out var peer))
        {
            _peers[key] = peer = new UdpPeer(key, endPoint);
        }

        peer.References++;
        peer.Bandwidth = destination.Bandwidth;
        destination.Peer = peer;
    }

    private void Remove(AssociationDestination destination)
    {
        SetPeer(destination, address: null);
        destination.IsRemoved = true;
        while (TryRelease(destination, out _))
        {
            // As lost as those that find no room.
        }

        _byUse.Remove(destination.Node);
        _destinations.Remove(destination.Key);
    }
}
