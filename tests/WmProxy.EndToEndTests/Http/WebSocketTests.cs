using System;
using System.Net.WebSockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Http;

public sealed class WebSocketTests
{
    [Fact]
    public async Task Route_ClientWebSocket_EchoesTextAndBinaryAndClosesBothWays()
    {
        await using var backend = await KestrelBackend.StartAsync(app =>
        {
            app.UseWebSockets();
            app.Run(WebSocketEcho.RunAsync);
        });
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "Kestrel": { "Endpoints": { "http": { "Url": "http://127.0.0.2:0" } } },
              "ReverseProxy": {
                "Routes": { "ws": { "ClusterId": "ws", "Match": { "Path": "/ws/{**path}" } } },
                "Clusters": { "ws": { "Destinations": { "1": { "Address": "{{backend.Address}}" } } } }
              }
            }
            """);
        using var deadline = new CancellationTokenSource(Deadline.Default);
        using var client = new ClientWebSocket();
        client.Options.AddSubProtocol("echo.v1");

        await client.ConnectAsync(new Uri($"ws://{proxy.Authority("127.0.0.2")}/ws/echo"), deadline.Token);
        Assert.Equal("echo.v1", client.SubProtocol);

        await client.SendAsync(Encoding.UTF8.GetBytes("grüße"), WebSocketMessageType.Text, true, deadline.Token);
        Assert.Equal((WebSocketMessageType.Text, "grüße"), await ReceiveAsync(client, Encoding.UTF8.GetString, deadline.Token));

        var data = TestData.Create(1_000_003);
        await client.SendAsync(data, WebSocketMessageType.Binary, true, deadline.Token);
        var (type, equal) = await ReceiveAsync(client, received => data.AsSpan().SequenceEqual(received), deadline.Token);
        Assert.Equal((WebSocketMessageType.Binary, true), (type, equal));

        await client.CloseAsync((WebSocketCloseStatus)4001, "done", deadline.Token);
        Assert.Equal(((WebSocketCloseStatus?)4001, "done"), (client.CloseStatus, client.CloseStatusDescription));
    }

    private static async Task<(WebSocketMessageType Type, T Value)> ReceiveAsync<T>(WebSocket socket, Func<byte[], T> read, CancellationToken cancellationToken)
    {
        using var message = new System.IO.MemoryStream();
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var result = await socket.ReceiveAsync(buffer, cancellationToken);
            message.Write(buffer, 0, result.Count);
            if (result.EndOfMessage)
            {
                return (result.MessageType, read(message.ToArray()));
            }
        }
    }
}
