using System;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Management;

/// <summary>What a reload does to listeners and to the connections that came in on them.</summary>
public class ReloadListenersTests
{
    [Fact]
    public async Task Reload_UnchangedListenerOnPortZero_KeepsItsSocketAndConnections()
    {
        await using var echo = new EchoServer();
        await using var host = await ProxyHost.StartAsync(Streams(("a", "tcp://127.0.0.1:0", echo.Address)));
        var endPoint = host.EndPointOf("a");
        using var established = await host.ConnectAsync("a");
        await AssertEchoAsync(established);

        for (var i = 0; i < 5; i++)
        {
            Assert.True((await host.ReloadAsync(Streams(("a", "tcp://127.0.0.1:0", echo.Address), ($"b{i}", "tcp://127.0.0.1:0", echo.Address)))).Succeeded);
            Assert.Equal(endPoint, host.EndPointOf("a"));
            await AssertEchoAsync(established);
            await AssertEchoAsync(host, "a");
            await AssertEchoAsync(host, $"b{i}");
            Assert.Equal(2, host.Listeners.Count);
        }
    }

    [Fact]
    public async Task Reload_SettingsOfAStreamChanged_AppliesThemToNewConnectionsOnly()
    {
        await using var echo = new EchoServer();
        await using var host = await ProxyHost.StartAsync(Streams(("a", "tcp://127.0.0.1:0", echo.Address)));
        var endPoint = host.EndPointOf("a");
        using var established = await host.ConnectAsync("a");
        await AssertEchoAsync(established);

        var result = await host.ReloadAsync($$"""
            { "WmProxy": { "Streams": { "a": { "Listen": "tcp://127.0.0.1:0", "To": "{{echo.Address}}", "Access": { "Deny": [ "127.0.0.0/8" ] } } } } }
            """);

        Assert.True(result.Succeeded);
        Assert.Equal(endPoint, host.EndPointOf("a"));
        await AssertEchoAsync(established);
        await AssertResetAsync(endPoint);
        await AssertEchoAsync(established);
    }

    [Fact]
    public async Task Reload_ToChanged_LeadsNewConnectionsThereAndKeepsTheOld()
    {
        await using var first = new EchoServer();
        await using var second = new EchoServer();
        await using var host = await ProxyHost.StartAsync(Streams(("a", "tcp://127.0.0.1:0", first.Address)));
        using var established = await host.ConnectAsync("a");
        await AssertEchoAsync(established);

        Assert.True((await host.ReloadAsync(Streams(("a", "tcp://127.0.0.1:0", second.Address)))).Succeeded);

        await AssertEchoAsync(established);
        await AssertEchoAsync(host, "a");
        Assert.Equal((1, 1), (first.AcceptedCount, second.AcceptedCount));
    }

    [Fact]
    public async Task Reload_DestinationsOfAClusterChanged_KeepsTheListenerAndEstablishedConnections()
    {
        await using var first = new EchoServer();
        await using var second = new EchoServer();
        await using var host = await ProxyHost.StartAsync(Cluster(first.Address));
        var endPoint = host.EndPointOf("a");
        using var established = await host.ConnectAsync("a");
        await AssertEchoAsync(established);

        Assert.True((await host.ReloadAsync(Cluster(second.Address))).Succeeded);

        Assert.Equal(endPoint, host.EndPointOf("a"));
        await AssertEchoAsync(host, "a");
        await AssertEchoAsync(established);
        Assert.Equal((1, 1), (first.AcceptedCount, second.AcceptedCount));

        static string Cluster(string address) => $$"""
            {
              "ReverseProxy": { "Clusters": { "c": { "Destinations": { "d": { "Address": "{{address}}" } } } } },
              "WmProxy": { "Streams": { "a": { "Listen": "tcp://127.0.0.1:0", "ClusterId": "c" } } }
            }
            """;
    }

    [Fact]
    public async Task Reload_StreamRemoved_RefusesAtOnceAndResetsItsConnectionsAfterTheDrainTimeout()
    {
        var time = new FakeTimeProvider();
        await using var echo = new EchoServer();
        await using var host = await ProxyHost.StartAsync(
            Streams(("a", "tcp://127.0.0.1:0", echo.Address), ("b", "tcp://127.0.0.1:0", echo.Address)), timeProvider: time);
        var endPoint = host.EndPointOf("a");
        using var established = await host.ConnectAsync("a");
        using var ending = await host.ConnectAsync("a");
        using var other = await host.ConnectAsync("b");
        await AssertEchoAsync(established);
        await AssertEchoAsync(ending);
        await AssertEchoAsync(other);

        Assert.True((await host.ReloadAsync($$"""
            { "WmProxy": { "DrainTimeout": "20s", "Streams": { "b": { "Listen": "tcp://127.0.0.1:0", "To": "{{echo.Address}}" } } } }
            """)).Succeeded);

        Assert.True(await RawClient.IsRefusedAsync(endPoint));
        time.Advance(TimeSpan.FromSeconds(19));
        await AssertEchoAsync(established);
        await AssertEchoAsync(ending);
        ending.HalfClose();
        Assert.Equal(ReadEnd.Fin, (await ending.ReadToEndAsync()).End);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(ReadEnd.Reset, (await established.ReadToEndAsync()).End);
        await AssertEchoAsync(other);
    }

    [Fact]
    public async Task Reload_RemovedStreamComesBack_ItsConnectionsLiveOn()
    {
        var time = new FakeTimeProvider();
        await using var echo = new EchoServer();
        var port = FreePort.Next();
        var with = Streams(("a", $"tcp://127.0.0.1:{port}", echo.Address));
        await using var host = await ProxyHost.StartAsync(with, timeProvider: time);
        using var established = await host.ConnectAsync("a");
        await AssertEchoAsync(established);

        Assert.True((await host.ReloadAsync("{}")).Succeeded);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.True((await host.ReloadAsync(with)).Succeeded);
        time.Advance(TimeSpan.FromSeconds(60));

        await AssertEchoAsync(established);
        await AssertEchoAsync(host, "a");
    }

    [Fact]
    public async Task Reload_AddressMovedToTheWildcardAndBack_ServesAllTheTime()
    {
        await using var echo = new EchoServer();
        var port = FreePort.Next();
        await using var host = await ProxyHost.StartAsync(Streams(("a", $"tcp://127.0.0.1:{port}", echo.Address)));
        using var established = await host.ConnectAsync("a");
        await AssertEchoAsync(established);

        var toWildcard = await host.ReloadAsync(Streams(("a", $"tcp://*:{port}", echo.Address)));
        Assert.Empty(toWildcard.Errors);
        Assert.Equal($"tcp://*:{port}", Assert.Single(host.Listeners).Address);
        await AssertEchoAsync(host, "a");
        await AssertEchoAsync(established);

        var back = await host.ReloadAsync(Streams(("a", $"tcp://127.0.0.1:{port}", echo.Address)));
        Assert.Empty(back.Errors);
        Assert.Equal($"tcp://127.0.0.1:{port}", Assert.Single(host.Listeners).Address);
        await AssertEchoAsync(host, "a");
        await AssertEchoAsync(established);
    }

    [Fact]
    public async Task Reload_TwoStreamsSwapPorts_EachServesTheOthersPort()
    {
        await using var first = new EchoServer();
        await using var second = new EchoServer();
        var (one, two) = (FreePort.Next(), FreePort.Next());
        await using var host = await ProxyHost.StartAsync(Streams(("a", $"tcp://127.0.0.1:{one}", first.Address), ("b", $"tcp://127.0.0.1:{two}", second.Address)));
        using var established = await host.ConnectAsync("a");
        await AssertEchoAsync(established);

        var result = await host.ReloadAsync(Streams(("a", $"tcp://127.0.0.1:{two}", first.Address), ("b", $"tcp://127.0.0.1:{one}", second.Address)));

        Assert.Empty(result.Errors);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, two), host.EndPointOf("a"));
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, one), host.EndPointOf("b"));
        await AssertEchoAsync(host, "b");
        Assert.Equal((1, 1), (first.AcceptedCount, second.AcceptedCount));
        await AssertEchoAsync(host, "a");
        await AssertEchoAsync(established);
    }

    [Fact]
    public async Task Reload_StreamMovedToAnothersListener_ServesThereByServerNameOnly()
    {
        await using var echo = new EchoServer();
        var (one, two) = (FreePort.Next(), FreePort.Next());
        await using var host = await ProxyHost.StartAsync(Streams(("a", $"tcp://127.0.0.1:{one}", echo.Address), ("b", $"tcp://127.0.0.1:{two}", echo.Address)));

        var result = await host.ReloadAsync($$"""
            {
              "WmProxy": { "Streams": {
                "a": { "Listen": "tcp://127.0.0.1:{{two}}", "To": "{{echo.Address}}", "Match": { "ServerNames": [ "a.example" ] } },
                "b": { "Listen": "tcp://127.0.0.1:{{two}}", "To": "{{echo.Address}}" }
              } }
            }
            """);

        Assert.Empty(result.Errors);
        Assert.True(await RawClient.IsRefusedAsync(new IPEndPoint(IPAddress.Loopback, one)));
        var listener = Assert.Single(host.Listeners);
        Assert.Equal(["a", "b"], listener.Streams.Order());
        await AssertEchoAsync(host, "b");
    }

    [Fact]
    public async Task Reload_ConnectionsMadeAllTheTime_NoneFails()
    {
        await using var echo = new EchoServer();
        await using var host = await ProxyHost.StartAsync(Streams(("a", "tcp://127.0.0.1:0", echo.Address)));
        var reloading = Task.Run(async () =>
        {
            for (var i = 0; i < 30; i++)
            {
                var idleTimeout = i % 2 == 0 ? "5m" : "6m";
                Assert.True((await host.ReloadAsync($$"""
                    {
                      "WmProxy": { "Streams": {
                        "a": { "Listen": "tcp://127.0.0.1:0", "To": "{{echo.Address}}", "IdleTimeout": "{{idleTimeout}}" },
                        "b{{i}}": { "Listen": "tcp://127.0.0.1:0", "To": "{{echo.Address}}" }
                      } }
                    }
                    """)).Succeeded);
            }
        });

        var connections = 0;
        while (!reloading.IsCompleted)
        {
            await AssertEchoAsync(host, "a");
            connections++;
        }

        await reloading;
        Assert.True(connections > 0);
    }

    [Fact]
    public async Task Reload_SectionDeleted_ClosesTheStreamsAndKeepsTheApplication()
    {
        await using var echo = new EchoServer();
        await using var host = await ProxyHost.StartAsync(
            Streams(("a", "tcp://127.0.0.1:0", echo.Address)), map: application => Microsoft.AspNetCore.Builder.EndpointRouteBuilderExtensions.MapGet(application, "/own", () => "own"));
        var endPoint = host.EndPointOf("a");

        Assert.True((await host.ReloadAsync("{}")).Succeeded);

        Assert.Empty(host.Listeners);
        Assert.True(await RawClient.IsRefusedAsync(endPoint));
        using var http = new System.Net.Http.HttpClient { BaseAddress = host.HttpAddress };
        Assert.Equal("own", await http.GetStringAsync("/own"));
    }

    private static string Streams(params (string Name, string Listen, string To)[] streams) => $$"""
        { "WmProxy": { "Streams": { {{string.Join(", ", streams.Select(stream => $$"""
            "{{stream.Name}}": { "Listen": "{{stream.Listen}}", "To": "{{stream.To}}" }
            """))}} } } }
        """;

    private static async Task AssertEchoAsync(ProxyHost host, string stream)
    {
        using var client = await host.ConnectAsync(stream);
        await AssertEchoAsync(client);
    }

    private static async Task AssertResetAsync(EndPoint endPoint)
    {
        try
        {
            using var client = await RawClient.ConnectAsync(endPoint);
            Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
        }
        catch (SocketException ex) when (ex.SocketErrorCode == SocketError.ConnectionReset)
        {
            // Reset before the client had looked.
        }
    }

    private static async Task AssertEchoAsync(RawConnection client)
    {
        await client.SendAsync("hello");
        Assert.Equal("hello"u8.ToArray(), await client.ReadExactlyAsync(5));
    }
}
