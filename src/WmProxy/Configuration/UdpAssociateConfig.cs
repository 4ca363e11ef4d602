using System;
using System.Net;

namespace WmProxy.Configuration;

/// <summary><c>UdpAssociate</c> of a forward proxy: datagrams for SOCKS 5 clients (RFC 1928 section 7).</summary>
public sealed record UdpAssociateConfig
{
    /// <summary>Whether clients may have it. Default: yes.</summary>
    public bool? Enabled { get; init; }

    /// <summary>The address that clients are told to send their datagrams to. Default: the one that they connected to.</summary>
    public IPAddress? AdvertisedAddress { get; init; }

    /// <summary>The ports to choose from, as <c>30000-30999</c>. Default: any free one.</summary>
    public string? Ports { get; init; }

    /// <summary>The time without a datagram either way after which an association ends. Default: 60 s.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>The most associations at a time of one client IP (IPv6: one /64); 0 means no limit. Default: 64.</summary>
    public int? MaxAssociationsPerClient { get; init; }
}
