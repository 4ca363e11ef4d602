using System;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Listeners;

namespace WmProxy.ForwardProxy.Http;

/// <summary>Hands a connection that speaks HTTP, other than <c>CONNECT</c>, to the server that can.</summary>
internal sealed class ForwardHttpHandler : IForwardProtocolHandler
{
    // A request that waits for its destination is answered 504 at the idle timeout, so the connection has a little longer.
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(10);

    private readonly ForwardHttpServer _server;
    private readonly ForwardHttpClientFactory _clients;
    private readonly TimeProvider _timeProvider;
    private readonly long _answerTicks;

    public ForwardHttpHandler(ForwardHttpServer server, ForwardHttpClientFactory clients, TimeProvider timeProvider)
    {
        _server = server;
        _clients = clients;
        _timeProvider = timeProvider;
        _answerTicks = (long)(AnswerTime.TotalSeconds * timeProvider.TimestampFrequency);
    }

    public ForwardProtocol Protocol => ForwardProtocol.Http;

    public async Task RunAsync(TransportConnectionContext connection, ForwardProxyModel proxy)
    {
        var handOff = new HandOffConnection(connection, _timeProvider);
        using var client = new ForwardHttpConnection(connection.State, handOff, proxy, _clients);
        connection.Features.Set(client);

        // From here on the server's limits hold for heads, and these for whatever moves. Only the first head has what is left of DetectTimeout.
        var deadline = connection.State.Deadline;
        connection.State.StartRelay(handOff, proxy.IdleTicks + _answerTicks, proxy.HalfCloseTicks, _timeProvider.GetTimestamp());
        connection.State.SetDeadline(deadline);
        await _server.RunAsync(handOff);
    }
}
