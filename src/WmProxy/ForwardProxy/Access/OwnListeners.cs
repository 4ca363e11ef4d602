using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using WmProxy.Configuration;
using WmProxy.Configuration.Values;
using WmProxy.Listeners;

namespace WmProxy.ForwardProxy.Access;

/// <summary>Tells whether a port of TCP or UDP on an address is one that this process listens on: its own listeners, and those of the HTTP server.</summary>
internal sealed class OwnListeners
{
    // The HTTP server does not tell when its addresses change.
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private readonly IListenerLookup _listeners;
    private readonly LocalAddressCache _localAddresses;
    private readonly IServer? _server;
    private readonly TimeProvider _timeProvider;
    private Snapshot? _snapshot;

    public OwnListeners(IListenerLookup listeners, LocalAddressCache localAddresses, TimeProvider timeProvider, IServer? server = null)
    {
        _listeners = listeners;
        _localAddresses = localAddresses;
        _timeProvider = timeProvider;
        _server = server;
    }

    /// <summary><see cref="GuardReason.Loop"/> for a forward proxy, <see cref="GuardReason.OwnListener"/> for anything else that listens there.</summary>
    public GuardReason Find(IPAddress address, int port, bool isUdp = false)
    {
        var snapshot = Current();
        if (!snapshot.Ports.TryGetValue(port, out var endPoints))
        {
            return GuardReason.None;
        }

        var embedded = EmbeddedAddress.Find(address);
        var found = GuardReason.None;
        foreach (var endPoint in endPoints)
        {
            if (endPoint.IsUdp is { } udp && udp != isUdp)
            {
                continue;
            }

            if (Covers(endPoint.Address, address) || (embedded is not null && Covers(endPoint.Address, embedded)))
            {
                if (endPoint.IsForwardProxy)
                {
                    return GuardReason.Loop;
                }

                found = GuardReason.OwnListener;
            }
        }

        return found;
    }

    // A wildcard listens on every address of the machine, and on loopback ones that no interface shows (127.0.0.2); null stands for it.
    private bool Covers(IPAddress? listening, IPAddress address) => listening is null
        ? IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || _localAddresses.Contains(address)
        : listening.Equals(address) || (IPAddress.IsLoopback(listening) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)));

    private Snapshot Current()
    {
        // The same list as long as nothing is opened or closed.
        var listeners = _listeners.GetListeners();
        var now = _timeProvider.GetTimestamp();
        var snapshot = Volatile.Read(ref _snapshot);
        if (snapshot is null || !ReferenceEquals(snapshot.Listeners, listeners) || _timeProvider.GetElapsedTime(snapshot.Taken, now) > Lifetime)
        {
            snapshot = Take(listeners, now);
            Volatile.Write(ref _snapshot, snapshot);
        }

        return snapshot;
    }

    private Snapshot Take(IReadOnlyList<ListenerInfo> listeners, long now)
    {
        var own = new List<OwnEndPoint>();
        foreach (var listener in listeners)
        {
            if (ListenAddressParser.TryParse(listener.Address, out var address, out _) && address.Scheme != ListenScheme.Unix)
            {
                own.Add(new OwnEndPoint(ParseHost(address.Host), address.FirstPort, address.Scheme == ListenScheme.Udp, listener.ForwardProxy is not null));
            }
        }

        foreach (var url in _server?.Features.Get<IServerAddressesFeature>()?.Addresses ?? [])
        {
            own.AddRange(Parse(url));
        }

        return new Snapshot(listeners, now, own.GroupBy(endPoint => endPoint.Port).ToFrozenDictionary(group => group.Key, group => group.ToArray()));
    }

    private static IEnumerable<OwnEndPoint> Parse(string url)
    {
        BindingAddress binding;
        try
        {
            binding = BindingAddress.Parse(url);
        }
        catch (FormatException)
        {
            // Of a server that names its addresses in another way.
            return [];
        }

        if (binding.IsUnixPipe || binding.Host.Length == 0)
        {
            return [];
        }

        if (binding.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            return [new OwnEndPoint(IPAddress.Loopback, binding.Port, null, false), new OwnEndPoint(IPAddress.IPv6Loopback, binding.Port, null, false)];
        }

        return [new OwnEndPoint(ParseHost(binding.Host.Trim('[', ']')), binding.Port, null, false)];
    }

    // null for a wildcard; to Kestrel that is whatever is neither an address nor localhost.
    private static IPAddress? ParseHost(string host) =>
        IPAddress.TryParse(host, out var address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) ? address : null;

    // The HTTP server may listen on UDP too (HTTP/3), which its address does not tell.
    private sealed record OwnEndPoint(IPAddress? Address, int Port, bool? IsUdp, bool IsForwardProxy);

    private sealed record Snapshot(IReadOnlyList<ListenerInfo> Listeners, long Taken, FrozenDictionary<int, OwnEndPoint[]> Ports);
}
