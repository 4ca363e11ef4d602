using System;
using System.Collections.Generic;
using System.Net;
using System.Threading;
using WmProxy.Configuration;
using WmProxy.Connections.Access;

namespace WmProxy.Relay.Bandwidth;

/// <summary>
/// A <see cref="BandwidthConfig"/>, compiled, with the limiters that connections share under it. It holds a limiter for each client that has a
/// connection, so it is bounded by them.
/// </summary>
internal sealed class BandwidthModel
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ClientKey, (BandwidthLease Limiters, int Users)> _clients = [];
    private readonly BandwidthConfig _config;
    private readonly TimeProvider _timeProvider;
    private readonly BandwidthLease? _shared;

    private BandwidthModel(BandwidthConfig config, TimeProvider timeProvider)
    {
        _config = config;
        _timeProvider = timeProvider;
        _shared = Scope == BandwidthScope.Stream ? Create() : null;
    }

    /// <summary>How many clients have limiters.</summary>
    public int Clients
    {
        get
        {
            lock (_lock)
            {
                return _clients.Count;
            }
        }
    }

    private BandwidthScope Scope => _config.Per ?? BandwidthScope.Connection;

    /// <summary>
    /// The model for <paramref name="config"/>, which is <paramref name="previous"/> if a reload did not change it, so that what connections
    /// share goes on; <see langword="null"/> where nothing is limited.
    /// </summary>
    public static BandwidthModel? Compile(BandwidthConfig? config, BandwidthModel? previous, TimeProvider timeProvider) =>
        config is null or { Upload: null or 0, Download: null or 0 } ? null
        : previous is not null && previous._config == config ? previous
        : new BandwidthModel(config, timeProvider);

    /// <summary>The limiters of a new connection, to be disposed when it ends.</summary>
    /// <param name="client">The client's address. Those without one (a Unix domain socket) share nothing <see cref="BandwidthScope.Client"/>-wide.</param>
    public BandwidthLease Rent(IPAddress? client)
    {
        if (_shared is not null)
        {
            return new BandwidthLease(_shared, null);
        }

        if (Scope == BandwidthScope.Connection || client is null)
        {
            return Create();
        }

        var key = ClientKey.Create(client);
        lock (_lock)
        {
            var (limiters, users) = _clients.TryGetValue(key, out var entry) ? entry : (Create(), 0);
            _clients[key] = (limiters, users + 1);
            return new BandwidthLease(limiters, () => Release(key));
        }
    }

    private void Release(ClientKey key)
    {
        lock (_lock)
        {
            var (limiters, users) = _clients[key];
            if (users > 1)
            {
                _clients[key] = (limiters, users - 1);
                return;
            }

            _clients.Remove(key);
            limiters.Dispose();
        }
    }

    private BandwidthLease Create() => new(Create(_config.Upload), Create(_config.Download));

    private BandwidthLimiter? Create(long? bytesPerSecond) =>
        bytesPerSecond is null or 0 ? null : new BandwidthLimiter(bytesPerSecond.Value, _timeProvider);
}
