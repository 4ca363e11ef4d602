using System;
using System.Collections.Generic;
using System.Net;
using WmProxy.Relay.Bandwidth;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>The limits of the rules that one client's datagrams come under, each rented once. Not thread-safe.</summary>
internal sealed class AssociationBandwidth : IDisposable
{
    private readonly Dictionary<BandwidthModel, BandwidthLease> _leases = [];
    private readonly IPAddress? _client;
    private bool _isDisposed;

    public AssociationBandwidth(IPAddress? client) => _client = client;

    /// <summary>The client's part of <paramref name="model"/>; <see langword="null"/> for no limit, and once all are given back.</summary>
    public BandwidthLease? Rent(BandwidthModel? model)
    {
        if (model is null || _isDisposed)
        {
            return null;
        }

        if (!_leases.TryGetValue(model, out var lease))
        {
            _leases[model] = lease = model.Rent(_client);
        }

        return lease;
    }

    public void Dispose()
    {
        _isDisposed = true;
        foreach (var lease in _leases.Values)
        {
            lease.Dispose();
        }
    }
}
