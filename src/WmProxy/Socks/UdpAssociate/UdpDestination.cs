using System.Collections.Generic;
using System.Net;
using WmProxy.Connectors;
using WmProxy.ForwardProxy;
using WmProxy.ForwardProxy.Access;
using WmProxy.Relay.Bandwidth;
using WmProxy.Udp;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>A destination that a client's datagrams name, and what rules and guard say of it. Changed under the lock of its table only.</summary>
internal sealed class UdpDestination
{
    public UdpDestination(byte[] key, ForwardTarget target)
    {
        (Key, Target) = (key, target);
        Node = new LinkedListNode<UdpDestination>(this);
    }

    /// <summary>The address as the client wrote it, from ATYP on.</summary>
    public byte[] Key { get; }

    public ForwardTarget Target { get; }

    /// <summary>Its place among the others, the latest used last.</summary>
    public LinkedListNode<UdpDestination> Node { get; }

    /// <summary>Whether it is being judged.</summary>
    public bool IsJudging { get; set; }

    /// <summary>Whether a verdict was ever given that still counts: datagrams need not wait for the one to come.</summary>
    public bool IsJudged { get; set; }

    /// <summary>When the verdict is to be asked for again, as a timestamp of the time provider.</summary>
    public long ValidUntil { get; set; }

    /// <summary>Whose verdict it is: a reload brings other rules.</summary>
    public ForwardProxyModel? JudgedBy { get; set; }

    /// <summary>Why datagrams are dropped; <see langword="null"/> when they are not.</summary>
    public UdpDropReason? Refusal { get; set; }

    /// <summary>The rule that allows it.</summary>
    public ForwardRule? Rule { get; set; }

    /// <summary>Where datagrams go; <see langword="null"/> where they do not, or go through <see cref="Parent"/>.</summary>
    public UdpPeer? Peer { get; set; }

    /// <summary>The addresses left, should the one of <see cref="Peer"/> turn out not to be reachable from here.</summary>
    public Queue<IPAddress> Alternatives { get; } = [];

    /// <summary>The parent proxy that takes them.</summary>
    public UdpParent? Parent { get; set; }

    /// <summary>The header for <see cref="Parent"/>: what was judged, not what the client wrote.</summary>
    public byte[] ParentHeader { get; set; } = [];

    public BandwidthLease? Bandwidth { get; set; }

    /// <summary>What waits for the verdict.</summary>
    public Queue<byte[]> Waiting { get; } = [];

    /// <summary>Whether it was taken out of the table.</summary>
    public bool IsRemoved { get; set; }

    public bool NeedsJudgement(long now, ForwardProxyModel proxy) => !IsJudging && (!IsJudged || JudgedBy != proxy || now >= ValidUntil);
}
