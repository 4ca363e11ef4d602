using System;
using System.Net;
using WmProxy.Configuration;
using WmProxy.Configuration.Values;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>An <see cref="UdpAssociateConfig"/> with its defaults.</summary>
/// <param name="AdvertisedAddress">The address that clients are told; <see langword="null"/> for the relay's own.</param>
/// <param name="Ports">The ports to choose from; 0 for any free one.</param>
/// <param name="IdleTimeout">The time without a datagram after which an association ends.</param>
/// <param name="MaxPerClient">The most associations of one client; 0 for no limit.</param>
internal readonly record struct UdpAssociateSettings(IPAddress? AdvertisedAddress, PortRange Ports, TimeSpan IdleTimeout, int MaxPerClient)
{
    private const int DefaultMaxPerClient = 64;

    private static readonly TimeSpan DefaultIdleTimeout = TimeSpan.FromSeconds(60);

    public static UdpAssociateSettings Of(UdpAssociateConfig? config) => new(
        config?.AdvertisedAddress,
        config?.Ports is { } text && PortRangeParser.TryParse(text, out var ports, out _) ? ports : default,
        config?.IdleTimeout ?? DefaultIdleTimeout,
        config?.MaxAssociationsPerClient ?? DefaultMaxPerClient);
}
