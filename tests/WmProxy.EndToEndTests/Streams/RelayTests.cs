using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Streams;

public sealed class RelayTests
{
    private const long GiB = 1L << 30;

    [Theory, ClassData(typeof(Engines))]
    public async Task Stream_OneGiBEachWay_IsUnharmed(string engine)
    {
        await using var source = new SourceServer(GiB, seed: 5);
        await using var sink = new SinkServer();
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "WmProxy": {
                "Engine": "{{engine}}",
                "Streams": {
                  "down": { "Listen": "tcp://127.0.0.2:0", "To": "{{source.Address}}" },
                  "up": { "Listen": "tcp://127.0.0.3:0", "To": "{{sink.Address}}" }
                }
              }
            }
            """);
        using var down = await proxy.ConnectAsync("127.0.0.2");
        using var up = await proxy.ConnectAsync("127.0.0.3");

        var receiving = down.DrainAsync();
        Assert.Equal(GiB, await up.SendTestDataAsync(GiB, seed: 6));
        up.HalfClose();

        Assert.Equal(TransferResult.Complete(GiB, seed: 5), await receiving);
        Assert.Equal(TransferResult.Complete(GiB, seed: 6), await sink.ResultAsync());
    }

    [Theory, ClassData(typeof(Engines))]
    public async Task Stream_HalfCloseFromEitherSide_LosesNothing(string engine)
    {
        const int Length = 16_800_000;
        await using var echo = new EchoServer();
        await using var serverFirst = new ScriptedPeer(script => script.WriteTestData(Length).HalfClose().Read(5).ReadToEnd());
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "WmProxy": {
                "Engine": "{{engine}}",
                "Streams": {
                  "echo": { "Listen": "tcp://127.0.0.2:0", "To": "{{echo.Address}}" },
                  "server-first": { "Listen": "tcp://127.0.0.3:0", "To": "{{serverFirst.Address}}" }
                }
              }
            }
            """);

        using (var client = await proxy.ConnectAsync("127.0.0.2"))
        {
            var receiving = client.DrainAsync();
            await client.SendTestDataAsync(Length);
            client.HalfClose();
            Assert.Equal(TransferResult.Complete(Length), await receiving);
        }

        using (var client = await proxy.ConnectAsync("127.0.0.3"))
        {
            // The server's end must not end the client's direction.
            Assert.Equal(TransferResult.Complete(Length), await client.DrainAsync());
            Assert.True(await client.TrySendAsync("after"u8.ToArray()));
            client.HalfClose();
        }

        Assert.Empty(serverFirst.Failures);
    }

    [Theory, ClassData(typeof(Engines))]
    public async Task Stream_ServerResets_ClientSeesAReset(string engine)
    {
        await using var server = new ScriptedPeer(script => script.Write("part").Read(1).Reset());
        await using var proxy = await StartProxyAsync(engine, server.Address);
        using var client = await proxy.ConnectAsync("127.0.0.2");
        Assert.Equal("part"u8.ToArray(), await client.ReadExactlyAsync(4));
        await client.SendAsync("x");

        Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
    }

    [Theory, ClassData(typeof(Engines))]
    public async Task Stream_ClientResets_ServerSeesAReset(string engine)
    {
        await using var sink = new SinkServer();
        await using var proxy = await StartProxyAsync(engine, sink.Address);
        var client = await proxy.ConnectAsync("127.0.0.2");
        await client.SendAsync("part");
        var accepted = await sink.AcceptedAsync();
        Assert.NotNull(accepted);
        client.Reset();

        Assert.Equal(ReadEnd.Reset, (await sink.ResultAsync()).End);
    }

    [Theory, ClassData(typeof(Engines))]
    public async Task Stream_DeadDestination_ClosesAtOnce(string engine)
    {
        await using var proxy = await StartProxyAsync(engine, $"tcp://127.0.0.1:{FreePort.Next()}");
        using var client = await proxy.ConnectAsync("127.0.0.2");

        var result = await client.ReadToEndAsync();

        Assert.Empty(result.Data);
    }

    [Fact]
    public async Task Cluster_OneOfTwoKilled_EveryConnectionReachesTheOther()
    {
        await using var first = new ScriptedPeer(script => script.Write("1"));
        await using var second = new ScriptedPeer(script => script.Write("2"));
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "WmProxy": { "Streams": { "pair": { "Listen": "tcp://127.0.0.2:0", "ClusterId": "pair" } } },
              "ReverseProxy": {
                "Clusters": {
                  "pair": {
                    "LoadBalancingPolicy": "RoundRobin",
                    "Destinations": { "first": { "Address": "{{first.Address}}" }, "second": { "Address": "{{second.Address}}" } }
                  }
                }
              }
            }
            """);

        var before = await AskAsync(proxy, 10);
        Assert.Equal(5, before.Count(answer => answer == "1"));
        Assert.Equal(5, before.Count(answer => answer == "2"));

        await first.DisposeAsync();

        Assert.Equal(Enumerable.Repeat("2", 20), await AskAsync(proxy, 20));
    }

    [Theory, ClassData(typeof(Engines))]
    public async Task Stream_UnixSocketDestination_Echoes(string engine)
    {
        using var folder = new TempDirectory();
        await using var echo = new EchoServer(new System.Net.Sockets.UnixDomainSocketEndPoint(folder.Combine("echo")));
        await using var proxy = await StartProxyAsync(engine, echo.Address);
        using var client = await proxy.ConnectAsync("127.0.0.2");

        var receiving = client.DrainAsync();
        await client.SendTestDataAsync(1_000_000);
        client.HalfClose();

        Assert.Equal(TransferResult.Complete(1_000_000), await receiving);
    }

    [Theory, ClassData(typeof(Engines))]
    public async Task Stream_IPv6_Echoes(string engine)
    {
        Assert.SkipUnless(System.Net.Sockets.Socket.OSSupportsIPv6, "This machine has no IPv6.");
        await using var echo = new EchoServer(TestServerSocket.AnyIPv6);
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            { "WmProxy": { "Engine": "{{engine}}", "Streams": { "echo": { "Listen": "tcp://[::1]:0", "To": "{{echo.Address}}" } } } }
            """);
        using var client = await proxy.ConnectAsync("[::1]");

        await client.SendAsync("six");

        Assert.Equal("six"u8.ToArray(), await client.ReadExactlyAsync(3));
    }

    private static async Task<List<string>> AskAsync(WmProxyProcess proxy, int count)
    {
        var answers = new List<string>();
        for (var i = 0; i < count; i++)
        {
            using var client = await proxy.ConnectAsync("127.0.0.2");
            answers.Add((await client.ReadToEndAsync()).Text);
        }

        return answers;
    }

    private static Task<WmProxyProcess> StartProxyAsync(string engine, string destination) => WmProxyProcess.StartAsync($$"""
        { "WmProxy": { "Engine": "{{engine}}", "Streams": { "stream": { "Listen": "tcp://127.0.0.2:0", "To": "{{destination}}" } } } }
        """);
}
