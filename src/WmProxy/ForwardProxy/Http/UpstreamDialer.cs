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

    public UpstreamDialer(IForwardDialer dialer) => _dialer = dialer;

    /// <summary>A <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        if (!context.InitialRequestMessage.Options.TryGetValue(UpstreamRequest.Key, out var upstream))
        {
            throw new ForwardRefusedException(ForwardRefusal.Failed, ConnectionEndReason.Error, "The request has no destination.");
        }

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

        return new UpstreamStream(dialled.Stream, dialled.Lease);
    }
}
