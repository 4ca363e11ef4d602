using System;
using System.Collections.Generic;
using System.Net;
using WmProxy.Connectors;
using WmProxy.ForwardProxy;
using WmProxy.Relay.Bandwidth;
using WmProxy.Udp;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>A destination that a client's datagrams name, and what rules and guard say of it. Used under the lock of its table only.</summary>
internal sealed class AssociationDestination
{
    public AssociationDestination(byte[] key, ForwardTarget target)
    {
        (Key, Target) = (key, target);
        Node = new LinkedListNode<AssociationDestination>(this);
    }

    /// <summary>The address as the client wrote it, from ATYP on.</summary>
    public byte[] Key { get; }

    public ForwardTarget Target { get; }

    /// <summary>Its place among the others, the latest used last.</summary>
    public LinkedListNode<AssociationDestination> Node { get; }

    /// <summary>Whether it is being judged.</summary>
    public bool IsJudging { get; set; }

    /// <summary>Whether a verdict was ever given that still counts: datagrams need not wait for the one to come.</summary>
    public bool IsJudged { get; set; }

    /// <summary>When the verdict is to be asked for again, as a timestamp of the time provider.</summary>
    public long ValidUntil { get; private set; }

    /// <summary>Whose verdict it is: a reload brings other rules.</summary>
    public ForwardProxyModel? JudgedBy { get; private set; }

    /// <summary>Why datagrams are dropped; <see langword="null"/> when they are not.</summary>
    public UdpDropReason? Refusal { get; private set; }

    /// <summary>Where datagrams go; <see langword="null"/> where they do not, or go through <see cref="Parent"/>.</summary>
    public UdpPeer? Peer { get; set; }

    /// <summary>The addresses left, should the one of <see cref="Peer"/> turn out not to be reachable from here.</summary>
    public Queue<IPAddress> Alternatives { get; } = [];

    /// <summary>The parent proxy that takes them.</summary>
    public UdpParent? Parent { get; private set; }

    /// <summary>The header for <see cref="Parent"/>: what was judged, not what the client wrote.</summary>
    public byte[] ParentHeader { get; private set; } = [];

    public BandwidthLease? Bandwidth { get; set; }

    /// <summary>What waits for the verdict.</summary>
    public Queue<byte[]> Waiting { get; } = [];

    /// <summary>Whether it was taken out of the table.</summary>
    public bool IsRemoved { get; set; }

    /// <summary>Takes a verdict, but for where datagrams go.</summary>
    public void Apply(in ForwardVerdict verdict, UdpParent? parent, ForwardProxyModel judgedBy, long validUntil)
    {
        (IsJudging, IsJudged, JudgedBy, ValidUntil) = (false, true, judgedBy, validUntil);
        (Parent, ParentHeader) = (parent, parent is null ? [] : WriteHeader(ForParent(Target, verdict)));
        Refusal = verdict switch
        {
            { Refusal: ForwardRefusal.RuleDenied or ForwardRefusal.GuardDenied or ForwardRefusal.Loop } => UdpDropReason.DestinationDenied,
            { IsAllowed: false } => UdpDropReason.ConnectFailed,
            { ClusterId: not null } => parent is null ? UdpDropReason.NoDestination : null,
            { Addresses.Count: 0 } => UdpDropReason.ConnectFailed,
            _ => null,
        };
    }

    public bool NeedsJudgement(long now, ForwardProxyModel proxy) => !IsJudging && (!IsJudged || JudgedBy != proxy || now >= ValidUntil);

    // The address that was judged, where a rule asked for it.
    private static ForwardTarget ForParent(in ForwardTarget target, in ForwardVerdict verdict) =>
        verdict.Addresses is [var address, ..] ? new ForwardTarget(address.ToString(), address, target.Port) : target;

    private static byte[] WriteHeader(in ForwardTarget target)
    {
        Span<byte> header = stackalloc byte[Socks5Datagram.MaxHeaderLength];
        Socks5Datagram.WriteHead(header);
        return header[..(Socks5Datagram.AddressStart + Socks5Address.Write(header[Socks5Datagram.AddressStart..], target))].ToArray();
    }
}
