using System;
using System.Threading.Tasks;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.EndToEndTests.Harness;
using WmProxy.EndToEndTests.Protocols;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Http;

public sealed class GrpcTests
{
    [Fact]
    public async Task Route_OverHttp2WithoutTls_CarriesUnaryErrorsAndBothWayStreams()
    {
        await using var backend = await KestrelBackend.StartAsync(
            app => app.MapGrpcService<ChatService>(), HttpProtocols.Http2, services => services.AddGrpc());
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "Kestrel": { "Endpoints": { "grpc": { "Url": "http://127.0.0.2:0", "Protocols": "Http2" } } },
              "ReverseProxy": {
                "Routes": { "chat": { "ClusterId": "chat", "Match": { "Path": "/wmproxy.tests.Chat/{**method}" } } },
                "Clusters": {
                  "chat": {
                    "HttpRequest": { "Version": "2", "VersionPolicy": "RequestVersionExact" },
                    "Destinations": { "1": { "Address": "{{backend.Address}}" } }
                  }
                }
              }
            }
            """);
        using var channel = GrpcChannel.ForAddress($"http://{proxy.Authority("127.0.0.2")}");
        var client = new Chat.ChatClient(channel);
        var deadline = DateTime.UtcNow + Deadline.Default;

        Assert.Equal("HELLO", (await client.SayAsync(new Line { Text = "hello" }, deadline: deadline)).Text);

        // The status travels in trailers.
        var error = await Assert.ThrowsAsync<RpcException>(() => client.SayAsync(new Line { Text = "fail" }, deadline: deadline).ResponseAsync);
        Assert.Equal((StatusCode.FailedPrecondition, "told to"), (error.StatusCode, error.Status.Detail));

        // Each line is answered before the next is sent: a proxy that buffers a direction hangs here.
        using var talk = client.Talk(deadline: deadline);
        for (var i = 0; i < 100; i++)
        {
            await talk.RequestStream.WriteAsync(new Line { Text = $"line {i}" });
            Assert.True(await talk.ResponseStream.MoveNext());
            Assert.Equal($"LINE {i}", talk.ResponseStream.Current.Text);
        }

        await talk.RequestStream.CompleteAsync();
        Assert.False(await talk.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.OK, talk.GetStatus().StatusCode);
        Assert.Equal("orderly", talk.GetTrailers().GetValue("talk-end"));
    }
}
