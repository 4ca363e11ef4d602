using System;
using System.Linq;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Streams;

/// <summary>Datagrams when the other end is not there.</summary>
public sealed class UdpFaultTests
{
    [Theory, ClassData(typeof(Engines))]
    public async Task Destination_Restarted_SessionGoesOn(string engine)
    {
        var first = new UdpEchoServer(port: FreePort.NextUdp());
        await using var proxy = await StartProxyAsync(engine, first.Address);
        using var client = new UdpEchoClient(proxy.EndPoint("127.0.0.2"));
        await client.AssertEchoesAsync();

        await first.DisposeAsync();
        for (var i = 0; i < 3; i++)
        {
            Assert.False(await client.TryEchoAsync());
        }

        await using var second = new UdpEchoServer(port: first.Port);
        await client.EchoesAtLastAsync();

        // By the address that it comes from: it is the session from before.
        Assert.Equal(first.Senders, second.Senders);
    }

    [Theory, ClassData(typeof(Engines))]
    public async Task Destination_NobodyListensYet_OthersAreServedAndItIsFoundWhenItComes(string engine)
    {
        await using var echo = new UdpEchoServer();
        var port = FreePort.NextUdp();
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "WmProxy": {
                "Engine": "{{engine}}",
                "Streams": {
                  "up": { "Listen": "udp://127.0.0.2:0", "To": "{{echo.Address}}" },
                  "late": { "Listen": "udp://127.0.0.3:0", "To": "udp://127.0.0.1:{{port}}" }
                }
              }
            }
            """);
        using var other = new UdpEchoClient(proxy.EndPoint("127.0.0.2"));
        var clients = Enumerable.Range(0, 50).Select(_ => new UdpEchoClient(proxy.EndPoint("127.0.0.3"))).ToList();
        try
        {
            for (var i = 0; i < 10; i++)
            {
                clients.ForEach(client => client.Send("anybody?"));
                await other.AssertEchoesAsync();
            }

            Assert.False(await clients[0].TryEchoAsync());

            await using var late = new UdpEchoServer(port: port);

            await Task.WhenAll(clients.Select(client => client.EchoesAtLastAsync()));
            using var newcomer = new UdpEchoClient(proxy.EndPoint("127.0.0.3"));
            await newcomer.EchoesAtLastAsync();
            await other.AssertEchoesAsync();
            Assert.True(proxy.Process.Output.Length < 50, proxy.Output);
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    [Theory, ClassData(typeof(Engines))]
    public async Task Cluster_OneOfTwoRefuses_ItsSessionsMoveToTheOther(string engine)
    {
        await using var first = new UdpEchoServer();
        await using var second = new UdpEchoServer();
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "WmProxy": { "Engine": "{{engine}}", "Streams": { "pair": { "Listen": "udp://127.0.0.2:0", "ClusterId": "pair" } } },
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
        var clients = Enumerable.Range(0, 10).Select(_ => new UdpEchoClient(proxy.EndPoint("127.0.0.2"))).ToList();
        try
        {
            foreach (var client in clients)
            {
                await client.AssertEchoesAsync();
            }

            Assert.Equal([5, 5], (int[])[first.Senders.Count, second.Senders.Count]);

            await first.DisposeAsync();

            await Task.WhenAll(clients.Select(client => client.EchoesAtLastAsync()));
            Assert.Equal(10, second.Senders.Count);
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    [Theory, ClassData(typeof(Engines))]
    public async Task Client_Vanishes_SessionEndsByItsIdleTimeAndOthersAreServed(string engine)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Descriptors are read from /proc.");
        using var server = new UdpPeer();
        await using var proxy = await StartProxyAsync(engine, server.Address, "\"IdleTimeout\": \"2s\", \"AccessLog\": true");
        var before = ProcessUsage.Descriptors(proxy.Process.Id);
        var target = proxy.EndPoint("127.0.0.2");
        var vanished = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            using var client = new UdpPeer();
            client.Send("hello", target);
            return await server.ReceiveAsync();
        }));

        // What the server still sends is answered with ICMP port unreachable by the clients' machine: no reason not to serve others.
        using var other = new UdpPeer();
        for (var i = 0; i < 10; i++)
        {
            Array.ForEach(vanished, hello => server.Send("still there?", hello.From));
            other.Send("hello", target);
            server.Send("welcome", (await server.ReceiveAsync()).From);
            Assert.Equal("welcome", (await other.ReceiveAsync()).Text);
        }

        await proxy.Process.WaitForAsync(@" stream stream .* end IdleTimeout ");
        await Deadline.PollAsync(() => Task.FromResult(ProcessUsage.Descriptors(proxy.Process.Id) <= before));
        other.Send("again", target);
        Assert.Equal("again", (await server.ReceiveAsync()).Text);
    }

    [Theory, ClassData(typeof(Engines))]
    public async Task Client_SourcePortReusedAtOnceByAnotherProcess_EachGetsItsOwnAnswer(string engine)
    {
        var socat = ExternalTool.Require("socat", "socat");
        await using var echo = new UdpEchoServer();
        await using var proxy = await StartProxyAsync(engine, echo.Address);
        var port = FreePort.NextUdp();
        foreach (var question in (string[])["one", "two", "three"])
        {
            // The shell ends with its answer, and socat and the port with it.
            var result = await socat.RunAsync(
                ["-t", "0", $"UDP4:{proxy.Authority("127.0.0.2")},sourceport={port}", $"SYSTEM:echo {question}; read answer; echo $answer >&2"]);

            Assert.True(result.Error == question + "\n", result.ToString());
        }

        // To the program they are one client.
        Assert.Single(echo.Senders);
    }

    private static Task<WmProxyProcess> StartProxyAsync(string engine, string destination, string keys = "\"IdleTimeout\": \"60s\"") =>
        WmProxyProcess.StartAsync($$"""
            { "WmProxy": { "Engine": "{{engine}}", "Streams": { "stream": { "Listen": "udp://127.0.0.2:0", "To": "{{destination}}", {{keys}} } } } }
            """);
}
