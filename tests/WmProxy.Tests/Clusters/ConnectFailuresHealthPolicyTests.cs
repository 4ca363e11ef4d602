using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Clusters;
using WmProxy.Connections;
using WmProxy.Connectors;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Tests.Clusters;

public sealed class ConnectFailuresHealthPolicyTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly ScriptedConnector _connector = new();

    [Fact]
    public async Task DialAsync_TwoFailuresInARow_ExcludeForTenSeconds()
    {
        await using var host = Create(ClusterHost.Cluster("tcp://127.0.0.1:1", "tcp://127.0.0.1:2"));
        _connector.Dead.Add(1);
        await host.DialAsync();
        Assert.Equal("ab", host.Available());
        await host.DialAsync();
        Assert.Equal("b", host.Available());

        _time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Equal("b", host.Available());
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(DestinationHealth.Unknown, host.State().Destinations["a"].Health.Passive);
        Assert.Equal("ab", host.Available());

        // On probation: one more is enough.
        await host.DialAsync();
        Assert.Equal("b", host.Available());
    }

    [Fact]
    public async Task DialAsync_SuccessBetween_StartsAgain()
    {
        await using var host = Create(ClusterHost.Cluster("tcp://127.0.0.1:1", "tcp://127.0.0.1:2"));
        for (var i = 0; i < 3; i++)
        {
            _connector.Dead.Add(1);
            await host.DialAsync();
            _connector.Dead.Clear();
            await host.DialAsync();
        }

        Assert.Equal(DestinationHealth.Unknown, host.State().Destinations["a"].Health.Passive);
    }

    [Fact]
    public async Task DialAsync_RecoveredAfterProbation_HasItsFullThresholdAgain()
    {
        await using var host = Create(ClusterHost.Cluster("tcp://127.0.0.1:1", "tcp://127.0.0.1:2"));
        _connector.Dead.Add(1);
        await host.DialAsync();
        await host.DialAsync();
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("ab", host.Available());
        _connector.Dead.Clear();
        await host.DialAsync();
        _connector.Dead.Add(1);
        await host.DialAsync();
        Assert.Equal("ab", host.Available());
    }

    [Fact]
    public async Task DialAsync_AllUnhealthy_AreAllTriedAndTheOneThatWorksIsHealthyAtOnce()
    {
        await using var host = Create(ClusterHost.Cluster("tcp://127.0.0.1:1", "tcp://127.0.0.1:2"));
        _connector.Dead.UnionWith([1, 2]);
        await host.DialAsync();
        await host.DialAsync();
        Assert.Equal(DestinationHealth.Unhealthy, host.State().Destinations["a"].Health.Passive);
        Assert.Equal(DestinationHealth.Unhealthy, host.State().Destinations["b"].Health.Passive);
        Assert.Equal("ab", host.Available());
        _connector.Dead.Remove(2);
        Assert.True((await host.DialAsync()).IsConnected);
        Assert.Equal("b", host.Available());
    }

    [Fact]
    public async Task DialAsync_ThresholdAndPeriodConfigured_AreUsed()
    {
        await using var host = Create(ClusterHost.Cluster("tcp://127.0.0.1:1", "tcp://127.0.0.1:2") with
        {
            Metadata = new Dictionary<string, string> { ["ConnectFailures.Threshold"] = "1" },
            HealthCheck = new HealthCheckConfig { Passive = new PassiveHealthCheckConfig { ReactivationPeriod = TimeSpan.FromSeconds(60) } },
        });
        _connector.Dead.Add(1);
        await host.DialAsync();
        Assert.Equal("b", host.Available());
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal("b", host.Available());
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("ab", host.Available());
    }

    [Fact]
    public async Task DialAsync_PassiveDisabled_NeverExcludes()
    {
        await using var host = Create(ClusterHost.Cluster("tcp://127.0.0.1:1", "tcp://127.0.0.1:2") with
        {
            HealthCheck = new HealthCheckConfig { Passive = new PassiveHealthCheckConfig { Enabled = false } },
        });
        _connector.Dead.Add(1);
        for (var i = 0; i < 5; i++)
        {
            await host.DialAsync();
        }

        Assert.Equal("ab", host.Available());
        Assert.Equal(DestinationHealth.Unknown, host.State().Destinations["a"].Health.Passive);
    }

    [Fact]
    public async Task DialAsync_LocalFailure_IsNotTheDestinations()
    {
        await using var host = Create(ClusterHost.Cluster("tcp://127.0.0.1:1"));
        _connector.Dead.Add(1);
        _connector.FailsLocally = true;
        for (var i = 0; i < 5; i++)
        {
            await host.DialAsync();
        }

        Assert.Equal(DestinationHealth.Unknown, host.State().Destinations["a"].Health.Passive);
    }

    [Fact]
    public async Task DialAsync_OtherPassivePolicy_IsFed()
    {
        var policy = new RecordingPolicy();
        await using var host = Create(
            ClusterHost.Cluster("tcp://127.0.0.1:1", "tcp://127.0.0.1:2") with
            {
                HealthCheck = new HealthCheckConfig { Passive = new PassiveHealthCheckConfig { Enabled = true, Policy = "recording" } },
            },
            services => services.AddSingleton<IPassiveHealthCheckPolicy>(policy));
        _connector.Dead.Add(1);
        await host.DialAsync();
        Assert.Equal([("a", ForwarderError.Request), ("b", null)], policy.Seen);
    }

    [Fact]
    public async Task DialAsync_YarpsPassivePolicy_Works()
    {
        await using var host = Create(ClusterHost.Cluster("tcp://127.0.0.1:1", "tcp://127.0.0.1:2") with
        {
            HealthCheck = new HealthCheckConfig { Passive = new PassiveHealthCheckConfig { Enabled = true, Policy = "TransportFailureRate" } },
        });
        _connector.Dead.Add(1);
        for (var i = 0; i < 12; i++)
        {
            await host.DialAsync();
        }

        Assert.Equal(DestinationHealth.Unhealthy, host.State().Destinations["a"].Health.Passive);
    }

    [Theory]
    [InlineData(ForwarderError.Request, true)]
    [InlineData(ForwarderError.RequestTimedOut, true)]
    [InlineData(ForwarderError.RequestCanceled, false)]
    [InlineData(ForwarderError.ResponseBodyClient, false)]
    public async Task RequestProxied_HttpErrors_CountWhereConnectingFailed(ForwarderError error, bool expected)
    {
        await using var host = Create(ClusterHost.Cluster("tcp://127.0.0.1:1"));
        var policy = Assert.Single(host.Services.GetServices<IPassiveHealthCheckPolicy>(), policy => policy.Name == "ConnectFailures");
        var context = new DefaultHttpContext();
        context.Features.Set<IForwarderErrorFeature>(new ErrorFeature(error));
        var destination = host.State().Destinations["a"];
        policy.RequestProxied(context, host.State(), destination);
        policy.RequestProxied(context, host.State(), destination);
        Assert.Equal(expected ? DestinationHealth.Unhealthy : DestinationHealth.Unknown, destination.Health.Passive);
    }

    [Fact]
    public async Task ConfigureClusterAsync_HttpDestinations_AreLeftAlone()
    {
        var filter = new ConnectFailuresConfigFilter(new ConnectorTable([_connector]));
        var http = ClusterHost.Cluster("http://127.0.0.1:1");
        Assert.Same(http, await filter.ConfigureClusterAsync(http, default));
        var mixed = ClusterHost.Cluster("tcp://127.0.0.1:1", "http://127.0.0.1:1");
        Assert.Same(mixed, await filter.ConfigureClusterAsync(mixed, default));
        var empty = ClusterHost.Cluster();
        Assert.Same(empty, await filter.ConfigureClusterAsync(empty, default));
    }

    [Fact]
    public async Task ConfigureClusterAsync_StreamDestinations_KeepsWhatIsConfigured()
    {
        var filter = new ConnectFailuresConfigFilter(new ConnectorTable([_connector]));
        var active = new ActiveHealthCheckConfig { Enabled = true };
        var cluster = ClusterHost.Cluster("tcp://127.0.0.1:1") with { HealthCheck = new HealthCheckConfig { Active = active, AvailableDestinationsPolicy = "HealthyAndUnknown" } };
        var result = (await filter.ConfigureClusterAsync(cluster, default)).HealthCheck!;
        Assert.Equal(active, result.Active);
        Assert.Equal("HealthyAndUnknown", result.AvailableDestinationsPolicy);
        Assert.Equal(new PassiveHealthCheckConfig { Enabled = true, Policy = "ConnectFailures", ReactivationPeriod = TimeSpan.FromSeconds(10) }, result.Passive);
    }

    private ClusterHost Create(ClusterConfig cluster, Action<IServiceCollection>? configure = null) => ClusterHost.Create(
        cluster,
        services => services.AddSingleton<TimeProvider>(_time),
        services =>
        {
            services.AddSingleton(new ConnectorTable([_connector]));
            configure?.Invoke(services);
        });

    private sealed record ErrorFeature(ForwarderError Error) : IForwarderErrorFeature
    {
        public Exception? Exception => null;
    }

    private sealed class RecordingPolicy : IPassiveHealthCheckPolicy
    {
        public string Name => "Recording";

        public List<(string Id, ForwarderError? Error)> Seen { get; } = [];

        public void RequestProxied(HttpContext context, ClusterState cluster, DestinationState destination) =>
            Seen.Add((destination.DestinationId, context.Features.Get<IForwarderErrorFeature>()?.Error));
    }

    private sealed class ScriptedConnector : IConnector
    {
        public HashSet<int> Dead { get; } = [];

        public bool FailsLocally { get; set; }

        public IReadOnlyList<string> Schemes => ["tcp"];

        public ValueTask<ConnectResult> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken) => new(
            Dead.Contains(request.Address.Port)
                ? ConnectResult.Failed(ConnectionEndReason.ConnectFailed, "refused", FailsLocally)
                : ConnectResult.Connected(new SocketTransportStream(new(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp))));
    }
}
