using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Streams;

public class StreamForwardingTests
{
    [Fact]
    public async Task Stream_WithTo_ForwardsBothWays()
    {
        await using var echo = new EchoServer();
        await using var host = await ProxyHost.StartAsync($$"""
            { "WmProxy": { "Streams": { "echo": { "Listen": "tcp://127.0.0.1:0", "To": "tcp://{{echo.EndPoint}}" } } } }
            """);

        using var client = await host.ConnectAsync("echo");
        await client.SendAsync("hello");
        client.HalfClose();

        var answer = await client.ReadToEndAsync();
        Assert.Equal("hello", answer.Text);
        Assert.Equal(ReadEnd.Fin, answer.End);
    }

    [Fact]
    public async Task Stream_WithClusterId_ForwardsToTheClustersDestination()
    {
        await using var echo = new EchoServer();
        await using var host = await ProxyHost.StartAsync($$"""
            {
              "ReverseProxy": { "Clusters": { "echoes": { "Destinations": { "one": { "Address": "tcp://{{echo.EndPoint}}" } } } } },
              "WmProxy": { "Streams": { "echo": { "Listen": "tcp://127.0.0.1:0", "ClusterId": "echoes" } } }
            }
            """);

        using var client = await host.ConnectAsync("echo");
        await client.SendAsync("hello");

        Assert.Equal("hello"u8.ToArray(), await client.ReadExactlyAsync(5));
    }

    [Fact]
    public async Task Stream_DestinationRefuses_NextOneIsTried()
    {
        await using var echo = new EchoServer();
        var dead = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        dead.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var host = await ProxyHost.StartAsync($$"""
            {
              "ReverseProxy": { "Clusters": { "two": { "LoadBalancingPolicy": "FirstAlphabetical", "Destinations": {
                "a": { "Address": "tcp://{{dead.LocalEndPoint}}" }, "b": { "Address": "tcp://{{echo.EndPoint}}" } } } } },
              "WmProxy": { "Streams": { "echo": { "Listen": "tcp://127.0.0.1:0", "ClusterId": "two" } } }
            }
            """);
        using (dead)
        {
            for (var i = 0; i < 5; i++)
            {
                using var client = await host.ConnectAsync("echo");
                await client.SendAsync("hello");
                Assert.Equal("hello"u8.ToArray(), await client.ReadExactlyAsync(5));
            }
        }
    }

    [Fact]
    public async Task Stream_NoDestinationAnswers_ClientSeesAReset()
    {
        using var dead = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        dead.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var host = await ProxyHost.StartAsync($$"""
            { "WmProxy": { "Streams": { "dead": { "Listen": "tcp://127.0.0.1:0", "To": "tcp://{{dead.LocalEndPoint}}" } } } }
            """);

        Assert.Equal(ReadEnd.Reset, await host.EndOfConnectionAsync("dead"));
    }
}
