using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace WmProxy.FunctionalTests.Clusters;

/// <summary>YARP's policies and health at work for streams.</summary>
public class StreamClusterTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task PassiveHealth_DestinationThatRefuses_IsLeftOutUntilItIsBack()
    {
        await using var b = Named("b");
        var port = FreePort.Next();
        await using var host = await StartAsync(
            """ "LoadBalancingPolicy": "FirstAlphabetical", "HealthCheck": { "Passive": { "Enabled": true, "Policy": "ConnectFailures", "ReactivationPeriod": "00:00:30" } } """,
            ("a", $"tcp://127.0.0.1:{port}"),
            ("b", b.Address));

        // Two failures, each of which fails over, and it is no longer tried.
        Assert.Equal("b", await AskAsync(host));
        Assert.Equal("b", await AskAsync(host));
        Assert.Equal(DestinationHealth.Unhealthy, Destination(host, "a").Health.Passive);

        await using var a = new ScriptedPeer(script => script.Write("a\n").Stall(), new IPEndPoint(IPAddress.Loopback, port));
        Assert.Equal("b", await AskAsync(host));
        _time.Advance(TimeSpan.FromSeconds(31));
        await Deadline.PollAsync(async () => await AskAsync(host) == "a");
    }

    [Fact]
    public async Task ActiveHealth_TcpProbe_FlipsTheDestination()
    {
        await using var behind = Named("a");
        await using var a = new FaultInterposer(behind.EndPoint);
        await using var b = Named("b");
        await using var host = await StartAsync(
            """
            "LoadBalancingPolicy": "FirstAlphabetical", "Metadata": { "HealthCheck.Expect": "a", "ConsecutiveFailuresHealthPolicy.Threshold": "1" },
            "HealthCheck": { "Active": { "Enabled": true, "Interval": "00:00:05", "Timeout": "00:00:02", "Policy": "ConsecutiveFailures" } }
            """,
            ("a", a.Address),
            ("b", b.Address));
        await HealthBecomesAsync(host, "a", DestinationHealth.Healthy);

        // b answers, but not what is expected.
        await HealthBecomesAsync(host, "b", DestinationHealth.Unhealthy);
        Assert.Equal("a", await AskAsync(host));

        a.Set(FaultMode.Reset);
        await HealthBecomesAsync(host, "a", DestinationHealth.Unhealthy);
        a.Set(FaultMode.Pass);
        await HealthBecomesAsync(host, "a", DestinationHealth.Healthy);
        Assert.Equal("a", await AskAsync(host));
    }

    [Theory]
    [InlineData(true, DestinationHealth.Healthy)]
    [InlineData(false, DestinationHealth.Unhealthy)]
    public async Task ActiveHealth_OfTlsDestinations_JudgesTheCertificateAsTheClusterSays(bool acceptAny, DestinationHealth expected)
    {
        using var certificates = new TestCertificates();
        using var issued = certificates.IssueServer(["localhost"]);
        await using var server = new TestServerSocket(async (connection, _) =>
        {
            using var tls = new SslStream(new NetworkStream(connection.Socket));
            await tls.AuthenticateAsServerAsync(issued);
            await connection.ReadToEndAsync();
        });
        await using var host = await StartAsync(
            $$"""
            "HttpClient": { "DangerousAcceptAnyServerCertificate": {{(acceptAny ? "true" : "false")}} }, "Metadata": { "ConsecutiveFailuresHealthPolicy.Threshold": "1" },
            "HealthCheck": { "Active": { "Enabled": true, "Interval": "00:00:05", "Timeout": "00:00:02", "Policy": "ConsecutiveFailures" } }
            """,
            ("d", $"tls://{server.EndPoint}"));

        await HealthBecomesAsync(host, "d", expected);
    }

    [Fact]
    public async Task ClientIpHash_OneClient_StaysWithItsDestination()
    {
        await using var a = Named("a");
        await using var b = Named("b");
        await using var c = Named("c");
        await using var host = await StartAsync(""" "LoadBalancingPolicy": "ClientIpHash" """, ("a", a.Address), ("b", b.Address), ("c", c.Address));
        var seen = new HashSet<string>();
        for (var client = 1; client <= 20; client++)
        {
            var first = await AskAsync(host, $"127.0.1.{client}");
            for (var i = 0; i < 3; i++)
            {
                Assert.Equal(first, await AskAsync(host, $"127.0.1.{client}"));
            }

            seen.Add(first);
        }

        Assert.Equal(3, seen.Count);
    }

    [Fact]
    public async Task LeastRequests_LiveConnections_AreSpreadEvenly()
    {
        await using var a = Named("a");
        await using var b = Named("b");
        await using var host = await StartAsync(""" "LoadBalancingPolicy": "LeastRequests" """, ("a", a.Address), ("b", b.Address));
        var clients = new List<RawConnection>();
        try
        {
            var names = new List<string>();
            for (var i = 0; i < 10; i++)
            {
                clients.Add(await host.ConnectAsync("s"));
                names.Add(await clients[^1].ReadUntilAsync("\n"));
            }

            Assert.Equal(5, names.Count(name => name == "a\n"));
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task Destination_WithAName_IsResolved()
    {
        await using var a = Named("a");
        await using var host = await StartAsync("", ("a", $"tcp://localhost:{a.Port}"));

        Assert.Equal("a", await AskAsync(host));
    }

    private static ScriptedPeer Named(string name) => new(script => script.Write(name + "\n").Stall());

    private static DestinationState Destination(ProxyHost host, string id)
    {
        Assert.True(host.Application.Services.GetRequiredService<IProxyStateLookup>().TryGetCluster("c", out var cluster));
        return cluster.Destinations[id];
    }

    private static async Task<string> AskAsync(ProxyHost host, string? from = null)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from ?? "127.0.0.1"), 0));
        await socket.ConnectAsync(host.EndPointOf("s"));
        using var client = new RawConnection(socket);
        return (await client.ReadUntilAsync("\n")).TrimEnd();
    }

    private async Task HealthBecomesAsync(ProxyHost host, string id, DestinationHealth health) => await Deadline.PollAsync(() =>
    {
        _time.Advance(TimeSpan.FromMilliseconds(500));
        return Task.FromResult(Destination(host, id).Health.Active == health);
    });

    private Task<ProxyHost> StartAsync(string settings, params (string Id, string Address)[] destinations) => ProxyHost.StartAsync(
        $$"""
        {
          "ReverseProxy": { "Clusters": { "c": { {{settings}}{{(settings.Length > 0 ? "," : "")}} "Destinations": {
            {{string.Join(", ", destinations.Select(destination => $"\"{destination.Id}\": {{ \"Address\": \"{destination.Address}\" }}"))}} } } } },
          "WmProxy": { "Streams": { "s": { "Listen": "tcp://127.0.0.1:0", "ClusterId": "c" } } }
        }
        """,
        timeProvider: _time);
}
