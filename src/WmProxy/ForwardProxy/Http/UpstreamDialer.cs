using System;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;

namespace WmProxy.ForwardProxy.Http;

/// <summary>Opens connections to destinations of HTTP, which are counted from the moment that they are dialled.</summary>
internal sealed class UpstreamDialer
{
    private readonly IForwardDialer _dialer;
    private readonly UpstreamConnections _connections;
    private readonly TimeProvider _timeProvider;

    public UpstreamDialer(IForwardDialer dialer, UpstreamConnections connections, TimeProvider timeProvider)
    {
        _dialer = dialer;
        _connections = connections;
        _timeProvider = timeProvider;
    }

    /// <returns>The connection; or, where there is none, why.</returns>
    public async ValueTask<(UpstreamConnection? Connection, ForwardDialResult Refusal)> DialAsync(
        ForwardProxyModel proxy, ForwardRequest request, ForwardVerdict verdict, UpstreamKey key, TransportStream? beside, CancellationToken cancellationToken)
    {
        var place = _connections.Add(request.Client);
        try
        {
            var dialled = await _dialer.DialAsync(proxy, request, verdict, beside, cancellationToken);
            if (!dialled.IsConnected)
            {
                return (null, dialled);
            }

            var connection = new UpstreamConnection(key, dialled, request.Client, place, _timeProvider.GetTimestamp());
            place = null;
            return (connection, default);
        }
        finally
        {
            place?.Dispose();
        }
    }
}
