using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Management;

/// <summary>What did not change does not notice that the rest does.</summary>
public class ReloadUnderLoadTests
{
    private const int HttpClients = 20;
    private const int Connections = 50;
    private const int Reloads = 100;

    [Fact]
    public async Task Reload_AHundredTimesUnderLoad_NothingThatIsUnchangedNotices()
    {
        await using var echo = new EchoServer();
        await using var backend = await BackendAsync();
        var address = backend.Urls.First();
        await using var host = await ProxyHost.StartAsync(Json(0, address, echo.Address));
        var streamEndPoint = host.EndPointOf("keep");
        using var stop = new CancellationTokenSource();

        var requests = Enumerable.Range(0, HttpClients).Select(_ => RequestsAsync(host.HttpAddress, stop.Token)).ToList();
        var transfers = Enumerable.Range(1, Connections).Select(seed => TransferAsync(host, (ulong)seed, stop.Token)).ToList();
        await host.WaitForConnectionsAsync(connections => connections.Count(connection => connection.BytesDown > 0) == Connections);
        var before = host.Connections.Connections.Select(connection => connection.Id).Order().ToList();

        for (var i = 1; i <= Reloads; i++)
        {
            var result = await host.ReloadAsync(Json(i, address, echo.Address));
            Assert.True(result.Succeeded, string.Join("; ", result.Errors));
            using var changed = await host.ConnectAsync($"changing{i % 3}");
            await changed.SendAsync("hello");
            Assert.Equal("hello"u8.ToArray(), await changed.ReadExactlyAsync(5));
        }

        await host.WaitForConnectionsAsync(connections => connections.Count <= Connections);
        var after = host.Connections.Connections.Select(connection => connection.Id).Order().ToList();
        await stop.CancelAsync();

        Assert.Equal(before, after);
        Assert.Equal(streamEndPoint, host.EndPointOf("keep"));
        var answered = await Task.WhenAll(requests).Within();
        Assert.All(answered, result => Assert.True(result.Requests > 0));
        Assert.All(answered, result => Assert.Equal(1, result.Connections));
        Assert.All(await Task.WhenAll(transfers).Within(), bytes => Assert.True(bytes > 0));
    }

    // The unchanged: the route "keep", the static response "keep", the stream "keep". Everything else comes, goes and changes.
    private static string Json(int i, string backend, string echo)
    {
        var streams = new List<string> { $$""" "keep": { "Listen": "tcp://127.0.0.1:0", "To": "{{echo}}" } """ };
        streams.Add($$""" "changing{{i % 3}}": { "Listen": "tcp://127.0.0.1:0", "ClusterId": "changing", "IdleTimeout": "{{i + 60}}s" } """);
        streams.Add($$""" "settings": { "Listen": "tcp://127.0.0.1:0", "To": "{{echo}}", "MaxConnections": {{i + 1}} } """);
        return $$"""
            {
              "ReverseProxy": {
                "Routes": {
                  "keep": { "ClusterId": "unchanged", "Match": { "Path": "/keep/{**rest}" } },
                  "changing{{i % 4}}": { "ClusterId": "web", "Match": { "Path": "/changing{{i}}" } }
                },
                "Clusters": {
                  "unchanged": { "Destinations": { "d": { "Address": "{{backend}}" } } },
                  "web": { "Destinations": { "d{{i % 2}}": { "Address": "{{backend}}" } } },
                  "changing": { "Destinations": { "d{{i}}": { "Address": "{{echo}}" } } }
                }
              },
              "WmProxy": {
                "StaticResponses": {
                  "keep": { "Match": { "Path": "/static" }, "Body": "static" },
                  "changing{{i % 3}}": { "Match": { "Path": "/other{{i}}" }, "Body": "{{i}}" }
                },
                "Streams": { {{string.Join(", ", streams)}} }
              }
            }
            """;
    }

    private static async Task<WebApplication> BackendAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Configuration["Logging:LogLevel:Default"] = "None";
        var backend = builder.Build();
        backend.MapGet("/keep/{number}", (string number) => $"{number}!");
        await backend.StartAsync().Within();
        return backend;
    }

    /// <summary>One client that never has more than one connection; counts what it asked and the connections it needed.</summary>
    private static async Task<(int Requests, int Connections)> RequestsAsync(Uri address, CancellationToken stop)
    {
        var connections = 0;
        using var handler = new SocketsHttpHandler
        {
            MaxConnectionsPerServer = 1,
            UseProxy = false,
            ConnectCallback = async (context, cancellationToken) =>
            {
                Interlocked.Increment(ref connections);
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var http = new HttpClient(handler) { BaseAddress = address, Timeout = Deadline.Default };
        var requests = 0;
        while (!stop.IsCancellationRequested)
        {
            requests++;
            Assert.Equal($"{requests}!", await http.GetStringAsync($"/keep/{requests}", CancellationToken.None));
            Assert.Equal("static", await http.GetStringAsync("/static", CancellationToken.None));
            await PauseAsync(stop);
        }

        return (requests, connections);
    }

    /// <summary>Sends test data and compares what comes back, until it is stopped; both directions end in order.</summary>
    private static async Task<long> TransferAsync(ProxyHost host, ulong seed, CancellationToken stop)
    {
        using var client = await host.ConnectAsync("keep");
        var piece = new byte[4096];
        var offset = 0L;
        while (!stop.IsCancellationRequested)
        {
            TestData.Fill(piece, offset, seed);
            await client.SendAsync(piece);
            Assert.True((await client.ReadExactlyAsync(piece.Length)).AsSpan().SequenceEqual(piece), $"Bytes from {offset} on differ.");
            offset += piece.Length;
            await PauseAsync(stop);
        }

        client.HalfClose();
        var rest = await client.ReadToEndAsync();
        Assert.Equal(ReadEnd.Fin, rest.End);
        Assert.Empty(rest.Data);
        return offset;
    }

    // Load enough to be in the middle of something at every reload, and no more: the machine has others to serve.
    private static async Task PauseAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        try
        {
            await timer.WaitForNextTickAsync(stop);
        }
        catch (OperationCanceledException)
        {
            // The loop looks at the token.
        }
    }
}
