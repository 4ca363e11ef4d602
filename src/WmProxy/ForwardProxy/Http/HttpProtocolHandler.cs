using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connections;

namespace WmProxy.ForwardProxy.Http;

/// <summary>HTTP/1.1, as which a connection was recognized by its first request: <c>CONNECT</c>, or any other.</summary>
internal sealed class HttpProtocolHandler : IForwardProtocolHandler
{
    private readonly ForwardHttpHandler _handler;

    public HttpProtocolHandler(ForwardProtocol protocol, ForwardHttpHandler handler) => (Protocol, _handler) = (protocol, handler);

    public ForwardProtocol Protocol { get; }

    public Task RunAsync(TransportConnectionContext connection, ForwardProxyModel proxy) => _handler.RunAsync(connection, proxy);
}
