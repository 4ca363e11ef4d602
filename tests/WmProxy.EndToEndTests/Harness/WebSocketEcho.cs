using System;
using System.Net.WebSockets;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>Both ends of a WebSocket that sends back what it receives.</summary>
internal static class WebSocketEcho
{
    /// <summary>The server; it takes the sub-protocol <c>echo.v1</c> where it is offered.</summary>
    public static async Task RunAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync(context.WebSockets.WebSocketRequestedProtocols.Contains("echo.v1") ? "echo.v1" : null);
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var result = await socket.ReceiveAsync(buffer, context.RequestAborted);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(socket.CloseStatus!.Value, socket.CloseStatusDescription, context.RequestAborted);
                return;
            }

            await socket.SendAsync(buffer.AsMemory(0, result.Count), result.MessageType, result.EndOfMessage, context.RequestAborted);
        }
    }

    public static async Task AssertEchoesAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        await socket.SendAsync("ping"u8.ToArray(), WebSocketMessageType.Text, true, cancellationToken);
        var answer = new byte[16];
        var result = await socket.ReceiveAsync(answer, cancellationToken);
        Assert.Equal("ping"u8.ToArray(), answer[..result.Count]);
    }
}
