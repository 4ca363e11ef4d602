using System.Threading;
using WmProxy.Udp;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>Counts what an association relays, and what it drops.</summary>
internal sealed class AssociationTraffic
{
    private readonly UdpMetrics _metrics;
    private readonly string _proxyId;
    private long _bytesUp;
    private long _bytesDown;
    private long _datagrams;

    public AssociationTraffic(UdpMetrics metrics, string proxyId) => (_metrics, _proxyId) = (metrics, proxyId);

    public long BytesUp => Interlocked.Read(ref _bytesUp);

    public long BytesDown => Interlocked.Read(ref _bytesDown);

    /// <summary>Of both directions.</summary>
    public long Datagrams => Interlocked.Read(ref _datagrams);

    /// <summary>A datagram of the client went on.</summary>
    public void Sent(int bytes)
    {
        Interlocked.Increment(ref _datagrams);
        Interlocked.Add(ref _bytesUp, bytes);
    }

    /// <summary>A datagram went to the client.</summary>
    public void Answered(int bytes)
    {
        Interlocked.Increment(ref _datagrams);
        Interlocked.Add(ref _bytesDown, bytes);
    }

    /// <summary>A datagram went nowhere.</summary>
    public void Dropped(UdpDropReason reason) => _metrics.DroppedByForwardProxy(_proxyId, reason);
}
