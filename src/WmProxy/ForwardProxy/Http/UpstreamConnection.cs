using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using WmProxy.Clusters;
using WmProxy.Connections;

namespace WmProxy.ForwardProxy.Http;

/// <summary>A connection to a destination of HTTP, for one request at a time.</summary>
internal sealed class UpstreamConnection : IDisposable
{
    private readonly IDisposable _place;

    /// <param name="key">What requests may use it.</param>
    /// <param name="dialled">The connection.</param>
    /// <param name="client">The client whose request opened it.</param>
    /// <param name="place">Its place among all of them.</param>
    /// <param name="opened">When, as a timestamp of the time provider.</param>
    public UpstreamConnection(in UpstreamKey key, in ForwardDialResult dialled, IPAddress? client, IDisposable place, long opened)
    {
        Key = key;
        Stream = dialled.Stream!;
        Address = dialled.Address;
        Lease = dialled.Lease;
        Client = client;
        Opened = opened;
        _place = place;
    }

    public UpstreamKey Key { get; }

    public TransportStream Stream { get; }

    /// <summary>The address that was dialled; <see langword="null"/> where a parent resolved the name.</summary>
    public IPAddress? Address { get; }

    /// <summary>The place in a parent's count; <see langword="null"/> where no parent is in between.</summary>
    public DestinationLease? Lease { get; }

    /// <summary>The client whose request opened it.</summary>
    public IPAddress? Client { get; }

    public long Opened { get; }

    /// <summary>Whether a request before this one has used it: its destination may be about to close it.</summary>
    public bool IsReused { get; set; }

    /// <summary>Since when nobody uses it.</summary>
    public long IdleSince { get; set; }

    /// <summary>The next one in the pool's list.</summary>
    public UpstreamConnection? Next { get; set; }

    /// <summary>
    /// Whether a request may go by it: it leads to one of <paramref name="addresses"/>, or to whatever the name means to a parent where there are none; and
    /// nothing is to be read on it, since nothing is due, so that it would be an end, or bytes that no request asked for.
    /// </summary>
    public bool IsUsableFor(IReadOnlyList<IPAddress> addresses) =>
        (addresses.Count == 0 || (Address is { } address && addresses.Contains(address))) && !Stream.HasInput;

    public void Dispose()
    {
        Stream.Dispose();
        Lease?.Dispose();
        _place.Dispose();
    }
}
