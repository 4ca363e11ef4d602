using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using WmProxy.Udp;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>
/// The destinations of one association, and the peers that may answer. Bounded: a destination that is used again after it had to make room is judged again.
/// Not thread-safe.
/// </summary>
internal sealed class UdpDestinations
{
    public const int MaxDestinations = 1024;

    private const int MaxWaitingBytes = 256 * 1024;
    private const int MaxWaiting = 16;

    private readonly Dictionary<byte[], UdpDestination> _destinations = new(ByteArrayComparer.Instance);
    private readonly Dictionary<byte[], UdpDestination>.AlternateLookup<ReadOnlySpan<byte>> _byAddress;
    private readonly Dictionary<UdpSessionKey, UdpPeer> _peers = [];
    private readonly LinkedList<UdpDestination> _byUse = new();
    private int _waitingBytes;

    public UdpDestinations() => _byAddress = _destinations.GetAlternateLookup<ReadOnlySpan<byte>>();

    public int Count => _destinations.Count;

    public IEnumerable<UdpDestination> All => _destinations.Values;

    /// <summary>Finds a destination by its address as it is written in a datagram, from ATYP on.</summary>
    public bool TryFind(ReadOnlySpan<byte> address, [NotNullWhen(true)] out UdpDestination? destination)
    {
        if (!_byAddress.TryGetValue(address, out destination))
        {
            return false;
        }

        _byUse.Remove(destination.Node);
        _byUse.AddLast(destination.Node);
        return true;
    }

    /// <summary>Finds the destination, or adds it; <see langword="false"/> for a name that is none, or port 0.</summary>
    public bool TryGet(ReadOnlySpan<byte> address, [NotNullWhen(true)] out UdpDestination? destination)
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

        destination = new UdpDestination(address.ToArray(), target);
        _destinations.Add(destination.Key, destination);
        _byUse.AddLast(destination.Node);
        return true;
    }

    /// <summary>Who may answer.</summary>
    public bool TryFindPeer(in UdpSessionKey key, [NotNullWhen(true)] out UdpPeer? peer) => _peers.TryGetValue(key, out peer);

    /// <summary>Has a destination's datagrams go to <paramref name="endPoint"/>; to nobody with <see langword="null"/>.</summary>
    public void SetPeer(UdpDestination destination, IPEndPoint? endPoint)
    {
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

    /// <summary>Keeps a copy of <paramref name="data"/> until the destination is judged; <see langword="false"/> where too much waits already.</summary>
    public bool TryHold(UdpDestination destination, ReadOnlySpan<byte> data)
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
    public bool TryRelease(UdpDestination destination, [NotNullWhen(true)] out byte[]? data)
    {
        if (!destination.Waiting.TryDequeue(out data))
        {
            return false;
        }

        _waitingBytes -= data.Length;
        return true;
    }

    private void Remove(UdpDestination destination)
    {
        SetPeer(destination, null);
        destination.IsRemoved = true;
        while (TryRelease(destination, out _))
        {
            // As lost as those that find no room.
        }

        _byUse.Remove(destination.Node);
        _destinations.Remove(destination.Key);
    }
}
