using System.Collections.Generic;
using System.Diagnostics.Metrics;
using WmProxy.Diagnostics;

namespace WmProxy.Udp;

/// <summary>Counts what was not passed on.</summary>
internal sealed class UdpMetrics
{
    private readonly Counter<long> _dropped;

    public UdpMetrics(IMeterFactory meterFactory) =>
        _dropped = meterFactory.Create(ConnectionRecorder.MeterName)
            .CreateCounter<long>("wmproxy.udp.dropped", "{datagram}", "Datagrams that were not passed on.");

    /// <summary>Counts a datagram of an association (RFC 1928 section 7).</summary>
    public void DroppedByForwardProxy(string proxyId, UdpDropReason reason)
    {
        if (_dropped.Enabled)
        {
            _dropped.Add(1, new("wmproxy.forward_proxy", proxyId), new KeyValuePair<string, object?>("wmproxy.drop_reason", reason.ToString()));
        }
    }

    public void Dropped(string streamId, UdpDropReason reason, long count = 1)
    {
        if (_dropped.Enabled && count > 0)
        {
            _dropped.Add(count, new("wmproxy.stream", streamId), new KeyValuePair<string, object?>("wmproxy.drop_reason", reason.ToString()));
        }
    }
}
