using System;
using System.Linq;
using System.Net.Http;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Program;

/// <summary>What a configuration leaves alone must not notice that others change.</summary>
public sealed class ReloadUnderLoadTests
{
    private const int Reloads = 100;
    private const int HttpClients = 20;
    private const int TcpClients = 50;
    private const int PieceLength = 4096;

    // Fast enough to be in the middle of something at every reload, slow enough to leave the machine to the program.
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    [Fact]
    public async Task Save_HundredTimes_WhatIsUnchangedSeesNoError()
    {
        await using var echo = new EchoServer();
        await using var one = new ScriptedPeer(script => script.Write("1"));
        await using var two = new ScriptedPeer(script => script.Write("2"));
        await using var backend = await KestrelBackend.StartAsync(app => app.Run(context => context.Response.WriteAsync(context.Request.Path)));
        string Config(int number) => Configure(number, echo.Address, number % 2 == 0 ? one.Address : two.Address, backend.Address);
        using var folder = new TempDirectory();
        await using var proxy = await WmProxyProcess.StartAsync(Config(0), folder);
        using var stop = new CancellationTokenSource();
        var load = Enumerable.Range(0, HttpClients).Select(_ => RequestAsync($"http://{proxy.Authority("127.0.0.2")}/stable", stop.Token))
            .Concat(Enumerable.Range(0, TcpClients).Select(number => FlowAsync(proxy, (ulong)number, stop.Token)))
            .ToList();
        using var client = new HttpClient { Timeout = Deadline.Default };

        var last = proxy.EndPoint("127.0.7.0");
        for (var number = 1; number <= Reloads; number++)
        {
            var from = proxy.Process.Output.Length;
            folder.Replace("appsettings.json", Config(number));
            var opened = await proxy.WaitForListenerAsync($"127.0.7.{number}", "[1-9][0-9]*");
            await proxy.Process.WaitForAsync("Configuration applied", from);

            // Listener, destination, fixed answer and route are the new ones, the listener before is gone.
            using (var connection = await RawClient.ConnectAsync($"tcp://127.0.7.{number}:{opened.Groups["port"].Value}"))
            {
                Assert.Equal(number % 2 == 0 ? "1" : "2", (await connection.ReadToEndAsync()).Text);
                Assert.True(await RawClient.IsRefusedAsync(last));
                last = (System.Net.IPEndPoint)connection.RemoteEndPoint;
            }

            Assert.Equal($"{number}", await client.GetStringAsync($"http://{proxy.Authority("127.0.0.2")}/number"));
            Assert.Equal($"/{number}/x", await client.GetStringAsync($"http://{proxy.Authority("127.0.0.2")}/moving/{number}/x"));
            if (load.FirstOrDefault(task => task.IsCompleted) is { } ended)
            {
                await ended;
            }
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(load).Within(), exchanges => Assert.True(exchanges > Reloads));
        Assert.Equal(TcpClients, echo.AcceptedCount);
    }

    private static string Configure(int number, string echo, string destination, string backend) => $$"""
        {
          "Kestrel": { "Endpoints": {
            {{(number % 10 >= 5 ? "\"more\": { \"Url\": \"http://127.0.0.4:0\" }," : "")}}
            "web": { "Url": "http://127.0.0.2:0" }
          } },
          "ReverseProxy": {
            "Routes": {
              "stable": { "ClusterId": "stable", "Match": { "Path": "/stable" } },
              "moving{{number / 3}}": { "ClusterId": "web{{number / 7}}", "Match": { "Path": "/moving/{{number}}/x" }, "Transforms": [ { "PathRemovePrefix": "/moving" } ] }
            },
            "Clusters": {
              "stable": { "Destinations": { "1": { "Address": "{{backend}}" } } },
              "web{{number / 7}}": { "Destinations": { "{{number}}": { "Address": "{{backend}}" } } },
              "peers": { "LoadBalancingPolicy": "{{(number % 3 == 0 ? "Random" : "RoundRobin")}}", "Destinations": { "{{number % 2}}": { "Address": "{{destination}}" } } }
            }
          },
          "WmProxy": {
            "StaticResponses": { "number": { "Match": { "Path": "/number" }, "Body": "{{number}}" } },
            "Streams": {
              "echo": { "Listen": "tcp://127.0.0.3:0", "To": "{{echo}}" },
              "changing": { "Listen": "tcp://127.0.0.5:0", "ClusterId": "peers", "IdleTimeout": "{{number + 10}}s" },
              "moving{{number / 5}}": { "Listen": "tcp://127.0.7.{{number}}:0", "ClusterId": "peers" }
            }
          }
        }
        """;

    /// <summary>Requests on one connection until <paramref name="stop"/>; returns how many.</summary>
    private static async Task<int> RequestAsync(string url, CancellationToken stop)
    {
        var connects = 0;
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (context, cancellationToken) =>
            {
                Interlocked.Increment(ref connects);
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var client = new HttpClient(handler) { Timeout = Deadline.Default };
        var count = await RepeatAsync(async () => Assert.Equal("/stable", await client.GetStringAsync(url, CancellationToken.None)), stop);
        Assert.Equal(1, connects);
        return count;
    }

    /// <summary>Exchanges data on one connection until <paramref name="stop"/>; returns how many times.</summary>
    private static async Task<int> FlowAsync(WmProxyProcess proxy, ulong seed, CancellationToken stop)
    {
        using var connection = await proxy.ConnectAsync("127.0.0.3");
        var offset = 0L;
        var count = await RepeatAsync(
            async () =>
            {
                var piece = new byte[PieceLength];
                TestData.Fill(piece, offset, seed);
                offset += piece.Length;
                await connection.SendAsync(piece);
                Assert.Equal(piece, await connection.ReadExactlyAsync(piece.Length));
            },
            stop);
        connection.HalfClose();
        Assert.Equal(ReadEnd.Fin, (await connection.ReadToEndAsync()).End);
        return count;
    }

    private static async Task<int> RepeatAsync(Func<Task> exchange, CancellationToken stop)
    {
        using var pace = new PeriodicTimer(Pace);
        for (var count = 0; ; count++)
        {
            try
            {
                await pace.WaitForNextTickAsync(stop);
            }
            catch (OperationCanceledException)
            {
                return count;
            }

            await exchange();
        }
    }
}
