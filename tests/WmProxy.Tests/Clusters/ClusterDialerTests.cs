using System;
using System.Collections.Generic;
using System.Diagnostics.Metrics;
using System.Linq;
using System.Net;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Clusters;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.Tests.Common;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Tests.Clusters;

public sealed class ClusterDialerTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task DialAsync_OneDestination_ConnectsAndCounts()
    {
        using var listener = Loopback.Listen();
        await using var host = ClusterHost.Create(ClusterHost.Cluster($"tcp://{listener.LocalEndPoint}"));
        var result = await host.Dialer.DialAsync(
            new DialRequest { ClusterId = "C", ConnectAttempts = 1, ConnectTimeout = Hang, Preface = Encoding.ASCII.GetBytes("hello") },
            default);
        Assert.True(result.IsConnected);
        await using var stream = result.Stream;
        using var accepted = await listener.AcceptAsync().WaitAsync(Hang);
        Assert.Equal("hello", await Loopback.ReadAsync(accepted, 5));
        var destination = host.State().Destinations["a"];
        Assert.Same(destination, result.Lease.Destination);
        Assert.Same(host.State(), result.Lease.Cluster);
        Assert.Equal(1, destination.ConcurrentRequestCount);
        result.Lease.Dispose();
        result.Lease.Dispose();
        Assert.Equal(0, destination.ConcurrentRequestCount);
    }

    [Fact]
    public async Task DialAsync_UnknownCluster_IsNoDestination()
    {
        await using var host = ClusterHost.Create(ClusterHost.Cluster("tcp://127.0.0.1:1"));
        var result = await host.DialAsync(clusterId: "other");
        Assert.Equal(ConnectionEndReason.NoDestination, result.Failure);
        Assert.Contains("'other'", result.Error);
    }

    [Fact]
    public async Task DialAsync_EmptyCluster_IsNoDestination()
    {
        await using var host = ClusterHost.Create(ClusterHost.Cluster());
        var result = await host.DialAsync();
        Assert.False(result.IsConnected);
        Assert.Equal(ConnectionEndReason.NoDestination, result.Failure);
        Assert.Contains("'c'", result.Error);
    }

    [Fact]
    public async Task DialAsync_FirstRefuses_TakesNext()
    {
        var refusing = Loopback.GetRefusingPort(out var reserved);
        using var listener = Loopback.Listen();
        using (reserved)
        {
            await using var host = ClusterHost.Create(ClusterHost.Cluster($"tcp://127.0.0.1:{refusing}", $"tcp://{listener.LocalEndPoint}"));
            var result = await host.DialAsync().AsTask().WaitAsync(Hang);
            Assert.True(result.IsConnected);
            await using var stream = result.Stream;
            Assert.Equal("b", result.Lease.Destination.DestinationId);
            Assert.Equal(0, host.State().Destinations["a"].ConcurrentRequestCount);
            Assert.Equal(1, host.State().Destinations["b"].ConcurrentRequestCount);
        }
    }

    [Theory]
    [InlineData(1, "a")]
    [InlineData(2, "ab")]
    [InlineData(3, "abc")]
    [InlineData(9, "abc")]
    public async Task DialAsync_AllRefuse_TriesEachOnceAtMost(int attempts, string expected)
    {
        var connector = new RefusingConnector();
        await using var host = ClusterHost.Create(
            ClusterHost.Cluster("tcp://127.0.0.1:1", "tcp://127.0.0.1:2", "tcp://127.0.0.1:3"),
            after: services => services.AddSingleton(new ConnectorTable([connector])));
        var result = await host.DialAsync(attempts);
        Assert.Equal(ConnectionEndReason.ConnectFailed, result.Failure);
        Assert.Equal($"destination '{expected[^1]}': refused", result.Error);
        Assert.Equal(expected, string.Concat(connector.Ports.Select(port => (char)('a' + port - 1))));
        Assert.All(host.State().Destinations.Values, destination => Assert.Equal(0, destination.ConcurrentRequestCount));
    }

    [Fact]
    public async Task DialAsync_NoAnswer_TimesOutAndTakesNext()
    {
        using var blackhole = new Blackhole();
        using var listener = Loopback.Listen();
        var time = new FakeTimeProvider();
        await using var host = ClusterHost.Create(
            ClusterHost.Cluster(blackhole.Address, $"tcp://{listener.LocalEndPoint}"),
            services => services.AddSingleton<TimeProvider>(time));
        var dialling = host.DialAsync(timeout: TimeSpan.FromSeconds(5)).AsTask();
        time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(dialling.IsCompleted);
        Assert.Equal(1, host.State().Destinations["a"].ConcurrentRequestCount);
        time.Advance(TimeSpan.FromSeconds(0.1));
        var result = await dialling.WaitAsync(Hang);
        Assert.True(result.IsConnected);
        await using var stream = result.Stream;
        Assert.Equal("b", result.Lease.Destination.DestinationId);
        Assert.Equal(0, host.State().Destinations["a"].ConcurrentRequestCount);
    }

    [Fact]
    public async Task DialAsync_NoAnswerAnywhere_IsConnectTimeout()
    {
        using var blackhole = new Blackhole();
        var time = new FakeTimeProvider();
        await using var host = ClusterHost.Create(ClusterHost.Cluster(blackhole.Address), services => services.AddSingleton<TimeProvider>(time));
        var dialling = host.DialAsync(timeout: TimeSpan.FromSeconds(2)).AsTask();
        time.Advance(TimeSpan.FromSeconds(2));
        var result = await dialling.WaitAsync(Hang);
        Assert.Equal(ConnectionEndReason.ConnectTimeout, result.Failure);
        Assert.Equal($"destination 'a': {blackhole.Address}: no answer within 2 s", result.Error);
        Assert.Equal(0, host.State().Destinations["a"].ConcurrentRequestCount);
    }

    [Fact]
    public async Task DialAsync_Cancelled_ThrowsWithNothingCounted()
    {
        using var blackhole = new Blackhole();
        await using var host = ClusterHost.Create(ClusterHost.Cluster(blackhole.Address, "tcp://127.0.0.1:1"));
        using var cts = new CancellationTokenSource();
        var dialling = host.DialAsync(cancellationToken: cts.Token).AsTask();
        Assert.Equal(1, host.State().Destinations["a"].ConcurrentRequestCount);
        await cts.CancelAsync();
        var exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dialling.WaitAsync(Hang));
        Assert.Equal(cts.Token, exception.CancellationToken);
        Assert.All(host.State().Destinations.Values, destination => Assert.Equal(0, destination.ConcurrentRequestCount));
        Assert.Equal(DestinationHealth.Unknown, host.State().Destinations["a"].Health.Passive);
    }

    [Fact]
    public async Task DialAsync_CancelledBefore_Throws()
    {
        await using var host = ClusterHost.Create(ClusterHost.Cluster("tcp://127.0.0.1:1"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => host.DialAsync(cancellationToken: new CancellationToken(true)).AsTask());
    }

    [Theory]
    [InlineData("LeastRequests")]
    [InlineData("PowerOfTwoChoices")]
    [InlineData(null)]
    public async Task DialAsync_PolicyByLoad_SeesOurConnections(string? policy)
    {
        using var first = Loopback.Listen();
        using var second = Loopback.Listen();
        var config = ClusterHost.Cluster($"tcp://{first.LocalEndPoint}", $"tcp://{second.LocalEndPoint}") with { LoadBalancingPolicy = policy };
        await using var host = ClusterHost.Create(config);
        var open = new List<DialResult>();
        for (var i = 0; i < 10; i++)
        {
            open.Add(await host.DialAsync());
        }

        // With two destinations both policies look at both of them.
        Assert.Equal(5, host.State().Destinations["a"].ConcurrentRequestCount);
        Assert.Equal(5, host.State().Destinations["b"].ConcurrentRequestCount);
        foreach (var result in open)
        {
            result.Lease!.Dispose();
            await result.Stream!.DisposeAsync();
        }

        Assert.All(host.State().Destinations.Values, destination => Assert.Equal(0, destination.ConcurrentRequestCount));
    }

    [Fact]
    public async Task DialAsync_BurstOfAttempts_SpreadsBeforeAnyIsThrough()
    {
        using var first = new Blackhole();
        using var second = new Blackhole();
        await using var host = ClusterHost.Create(ClusterHost.Cluster(first.Address, second.Address) with { LoadBalancingPolicy = "LeastRequests" });
        using var cts = new CancellationTokenSource();
        var all = Enumerable.Range(0, 8).Select(_ => host.DialAsync(cancellationToken: cts.Token).AsTask()).ToArray();
        Assert.Equal(4, host.State().Destinations["a"].ConcurrentRequestCount);
        Assert.Equal(4, host.State().Destinations["b"].ConcurrentRequestCount);
        await cts.CancelAsync();
        foreach (var dialling in all)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dialling.WaitAsync(Hang));
        }
    }

    [Fact]
    public async Task DialAsync_HostsPolicy_GetsTheClientsAddress()
    {
        var policy = new RecordingPolicy();
        using var listener = Loopback.Listen();
        await using var host = ClusterHost.Create(
            ClusterHost.Cluster($"tcp://{listener.LocalEndPoint}", "tcp://127.0.0.1:1") with { LoadBalancingPolicy = "recording" },
            services => services.AddSingleton<ILoadBalancingPolicy>(policy));
        var client = IPAddress.Parse("192.0.2.9");
        var result = await host.Dialer.DialAsync(new DialRequest { ClusterId = "c", ConnectAttempts = 1, ConnectTimeout = Hang, ClientAddress = client }, default);
        Assert.True(result.IsConnected);
        await result.Stream.DisposeAsync();
        Assert.Equal(client, policy.Client);
    }

    [Fact]
    public async Task DialAsync_ClientIpHash_KeepsToOneDestination()
    {
        using var first = Loopback.Listen();
        using var second = Loopback.Listen();
        await using var host = ClusterHost.Create(
            ClusterHost.Cluster($"tcp://{first.LocalEndPoint}", $"tcp://{second.LocalEndPoint}") with { LoadBalancingPolicy = WmProxyLoadBalancingPolicies.ClientIpHash });
        var ids = new HashSet<string>();
        for (var i = 0; i < 20; i++)
        {
            var request = new DialRequest { ClusterId = "c", ConnectAttempts = 1, ConnectTimeout = Hang, ClientAddress = IPAddress.Parse("192.0.2.9") };
            var result = await host.Dialer.DialAsync(request, default);
            Assert.True(result.IsConnected);
            ids.Add(result.Lease.Destination.DestinationId);
            await result.Stream.DisposeAsync();
        }

        Assert.Single(ids);
    }

    [Fact]
    public async Task DialAsync_WeightsChangedByReload_AreUsed()
    {
        using var first = Loopback.Listen();
        using var second = Loopback.Listen();
        string[] addresses = [$"tcp://{first.LocalEndPoint}", $"tcp://{second.LocalEndPoint}"];
        await using var host = ClusterHost.Create(Weighted(addresses, "1", "0"));
        Assert.Equal("aaaa", await DialAsync(host, 4));
        await host.UpdateAsync(Weighted(addresses, "0", "1"));
        Assert.Equal("bbbb", await DialAsync(host, 4));
        await host.UpdateAsync(Weighted(addresses, "3", "1"));
        Assert.Equal(6, (await DialAsync(host, 8)).Count(id => id == 'a'));
    }

    [Fact]
    public async Task DialAsync_OtherScheme_SaysSo()
    {
        await using var host = ClusterHost.Create(ClusterHost.Cluster("http://127.0.0.1:1"));
        var result = await host.DialAsync();
        Assert.Equal(ConnectionEndReason.ConnectFailed, result.Failure);
        Assert.Contains("scheme 'http'", result.Error);
    }

    [Fact]
    public async Task DialAsync_Attempts_AreMeasured()
    {
        var refusing = Loopback.GetRefusingPort(out var reserved);
        using var listener = Loopback.Listen();
        using (reserved)
        {
            await using var host = ClusterHost.Create(ClusterHost.Cluster($"tcp://127.0.0.1:{refusing}", $"tcp://{listener.LocalEndPoint}"));
            var factory = host.Services.GetRequiredService<IMeterFactory>();
            var outcomes = new List<string>();
            using var meterListener = new MeterListener();
            meterListener.InstrumentPublished = (instrument, measuring) =>
            {
                if (instrument.Meter.Scope == factory && instrument.Name == "wmproxy.upstream.connect.duration")
                {
                    Assert.Equal("s", instrument.Unit);
                    measuring.EnableMeasurementEvents(instrument);
                }
            };
            meterListener.SetMeasurementEventCallback<double>((_, value, tags, _) =>
            {
                Assert.InRange(value, 0, 20);
                var all = tags.ToArray().ToDictionary();
                outcomes.Add($"{all["cluster"]} {all["outcome"]}");
            });
            meterListener.Start();
            var result = await host.DialAsync().AsTask().WaitAsync(Hang);
            await result.Stream!.DisposeAsync();
            Assert.Equal(["c failed", "c connected"], outcomes);
        }
    }

    private static ClusterConfig Weighted(string[] addresses, params string[] weights)
    {
        var cluster = ClusterHost.Cluster(addresses);
        return cluster with
        {
            LoadBalancingPolicy = WmProxyLoadBalancingPolicies.WeightedRoundRobin,
            Destinations = cluster.Destinations!.OrderBy(destination => destination.Key, StringComparer.Ordinal).Zip(weights).ToDictionary(
                pair => pair.First.Key,
                pair => pair.First.Value with { Metadata = new Dictionary<string, string> { ["Weight"] = pair.Second } }),
        };
    }

    private static async Task<string> DialAsync(ClusterHost host, int count)
    {
        var ids = "";
        for (var i = 0; i < count; i++)
        {
            var result = await host.DialAsync();
            Assert.True(result.IsConnected, result.Error);
            ids += result.Lease.Destination.DestinationId;
            result.Lease.Dispose();
            await result.Stream.DisposeAsync();
        }

        return ids;
    }

    private sealed class RefusingConnector : IConnector
    {
        public List<int> Ports { get; } = [];

        public IReadOnlyList<string> Schemes => ["tcp"];

        public ValueTask<ConnectResult> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken)
        {
            Ports.Add(request.Address.Port);
            return new(ConnectResult.Failed(ConnectionEndReason.ConnectFailed, "refused"));
        }
    }

    private sealed class RecordingPolicy : ILoadBalancingPolicy
    {
        public string Name => "Recording";

        public IPAddress? Client { get; private set; }

        public DestinationState? PickDestination(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations)
        {
            Client = context.Connection.RemoteIpAddress;
            return availableDestinations.First(destination => destination.DestinationId == "a");
        }
    }
}
