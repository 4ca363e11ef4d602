using System;
using System.Threading.Channels;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.ForwardProxy;

/// <summary>A destination of HTTP that keeps what it was sent and answers each request as the test says.</summary>
internal sealed class HttpPeer : TestServerSocket
{
    public const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private readonly Channel<HttpMessage> _received;

    public HttpPeer(string response = Ok)
        : this(response, Channel.CreateUnbounded<HttpMessage>())
    {
    }

    private HttpPeer(string response, Channel<HttpMessage> received)
        : base(async (connection, _) =>
        {
            while (true)
            {
                received.Writer.TryWrite(await HttpMessage.ReadAsync(connection));
                await connection.SendAsync(response);
                if (response.Contains("Connection: close", StringComparison.Ordinal))
                {
                    return;
                }
            }
        }) => _received = received;

    /// <summary>The next request that came.</summary>
    public Task<HttpMessage> NextAsync() => _received.Reader.ReadAsync().AsTask().Within();
}
