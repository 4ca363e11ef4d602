using System.IO;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;

namespace WmProxy.ForwardProxy.Http;

/// <summary>Opens the connections of clients of HTTP: what is dialled is what the forward proxy's rules and guard allow at that moment.</summary>
internal sealed class UpstreamDialer
{
    private readonly IForwardDialer _dialer;

    public UpstreamDialer(IForwardDialer dialer, UpstreamConnections connections)
    {
        _dialer = dialer;
        Connections = connections;
    }

    /// <summary>Those that are open.</summary>
    public UpstreamConnections Connections { get; }

    /// <summary>A <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        if (!context.InitialRequestMessage.Options.TryGetValue(UpstreamRequest.Key, out var upstream))
        {
            throw new ForwardRefusedException(ForwardRefusal.Failed, ConnectionEndReason.Error, "The request has no destination.");
        }

        // From here on, since the client of HTTP goes on dialling for a request that is gone.
        var place = Connections.Add(upstream.Request.Client);
        try
        {
            var dialled = await DialAsync(upstream, cancellationToken);
            return new UpstreamStream(dialled.Stream!, dialled.Lease, place);
        }
        catch
        {
            place.Dispose();
            throw;
        }
    }

    private async ValueTask<ForwardDialResult> DialAsync(UpstreamRequest upstream, CancellationToken cancellationToken)
    {
        // Not beside the client's connection: this one outlives it.
        var dialled = await _dialer.DialAsync(upstream.Proxy, upstream.Request, beside: null, cancellationToken);
        if (!dialled.IsConnected)
        {
            throw new ForwardRefusedException(dialled.Refusal, dialled.Failure, dialled.Error);
        }

        if (dialled.Rule != upstream.Rule)
        {
            // The name has got other addresses since the request was judged, and another rule with them.
            dialled.Dispose();
            throw new ForwardRefusedException(ForwardRefusal.Failed, ConnectionEndReason.ConnectFailed, "The destination's addresses changed.");
        }

        return dialled;
    }
}
