using System;
using System.Net;
using System.Text;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.ForwardProxy;
using WmProxy.ForwardProxy.Http;
using WmProxy.Http1;
using WmProxy.Tests.Connections;

namespace WmProxy.Tests.ForwardProxy.Http;

/// <summary>Connections of clients of HTTP, and requests on them, without a listener.</summary>
internal static class TestExchange
{
    private static readonly ForwardProxyModel Proxy = new ForwardFixture().Compile(new ForwardProxyConfig { ProxyId = "p" });

    public static ForwardHttpConnection Connect(TransportStream? stream = null)
    {
        stream ??= new ChunkedTransportStream([]);
        var state = new ConnectionState(1, stream, "l", new IPEndPoint(IPAddress.Parse("198.51.100.1"), 1), null, 0);
        return new ForwardHttpConnection(new TransportConnectionContext(stream, state), Proxy, TimeProvider.System);
    }

    /// <summary>An exchange whose request has a <paramref name="head"/>.</summary>
    public static ForwardExchange Of(string head)
    {
        var connection = Connect();
        Assert.Equal(HeadError.None, connection.Request.Parse(Encoding.Latin1.GetBytes(head)));
        var exchange = new ForwardExchange(connection, connection.Proxy) { Target = RequestTarget.Parse(connection.Request, null, out _) };
        Assert.NotNull(exchange.Target);
        return exchange;
    }
}
