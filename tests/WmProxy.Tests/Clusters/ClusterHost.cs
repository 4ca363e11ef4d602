using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WmProxy.Clusters;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Tests.Clusters;

/// <summary>An app with YARP and the services under test; nothing listens.</summary>
internal sealed class ClusterHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly AppliedSignal _applied;

    private ClusterHost(WebApplication app, InMemoryConfigProvider config, AppliedSignal applied)
    {
        (_app, Config, _applied) = (app, config, applied);
        app.MapReverseProxy();
    }

    public InMemoryConfigProvider Config { get; }

    public IServiceProvider Services => _app.Services;

    public IClusterDialer Dialer => Services.GetRequiredService<IClusterDialer>();

    public static ClusterHost Create(ClusterConfig cluster, Action<IServiceCollection>? before = null, Action<IServiceCollection>? after = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var config = new InMemoryConfigProvider([], [cluster]);
        var applied = new AppliedSignal();
        builder.Services.AddSingleton<IProxyConfigProvider>(config);
        builder.Services.AddSingleton<IConfigChangeListener>(applied);
        before?.Invoke(builder.Services);
        builder.Services.AddWmProxyClusters();
        after?.Invoke(builder.Services);
        var monitor = builder.Services.Last(service => service.ServiceType == typeof(IActiveHealthCheckMonitor)).ImplementationFactory!;
        builder.Services.AddSingleton<IActiveHealthCheckMonitor>(services => new MonitorSpy((IActiveHealthCheckMonitor)monitor(services)));
        return new ClusterHost(builder.Build(), config, applied);
    }

    /// <summary>A cluster <c>c</c> whose destinations are named a, b, c... in the order of their addresses.</summary>
    public static ClusterConfig Cluster(params string[] addresses) => new()
    {
        ClusterId = "c",
        LoadBalancingPolicy = "FirstAlphabetical",
        Destinations = addresses.Index().ToDictionary(
            address => ((char)('a' + address.Index)).ToString(),
            address => new DestinationConfig { Address = address.Item },
            StringComparer.OrdinalIgnoreCase),
    };

    public ClusterState State(string clusterId = "c")
    {
        Assert.True(Services.GetRequiredService<IProxyStateLookup>().TryGetCluster(clusterId, out var cluster));
        return cluster;
    }

    /// <summary>The ids of the destinations that YARP holds available, after the health states were looked at again.</summary>
    public string Available()
    {
        Services.GetRequiredService<IClusterDestinationsUpdater>().UpdateAllDestinations(State());
        return string.Concat(State().DestinationsState.AvailableDestinations.Select(destination => destination.DestinationId).Order(StringComparer.Ordinal));
    }

    /// <summary>Waits for the probes that YARP makes by itself when it loads its configuration.</summary>
    public Task InitialProbesAsync() =>
        ((MonitorSpy)Services.GetRequiredService<IActiveHealthCheckMonitor>()).First.Task.Unwrap().WaitAsync(TimeSpan.FromSeconds(20));

    /// <summary>Probes once, after those.</summary>
    public async Task ProbeAsync()
    {
        await InitialProbesAsync();
        await Services.GetRequiredService<IActiveHealthCheckMonitor>().CheckHealthAsync([State()]).WaitAsync(TimeSpan.FromSeconds(20));
    }

    public async Task UpdateAsync(params ClusterConfig[] clusters)
    {
        var applied = _applied.Next();
        Config.Update([], clusters);
        await applied.WaitAsync(TimeSpan.FromSeconds(20));
    }

    public ValueTask<DialResult> DialAsync(int attempts = 3, TimeSpan? timeout = null, System.Threading.CancellationToken cancellationToken = default, string clusterId = "c") =>
        Dialer.DialAsync(
            new DialRequest { ClusterId = clusterId, ConnectAttempts = attempts, ConnectTimeout = timeout ?? TimeSpan.FromSeconds(20) },
            cancellationToken);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private sealed class MonitorSpy : IActiveHealthCheckMonitor
    {
        private readonly IActiveHealthCheckMonitor _inner;

        public MonitorSpy(IActiveHealthCheckMonitor inner) => _inner = inner;

        public TaskCompletionSource<Task> First { get; } = new();

        public bool InitialProbeCompleted => _inner.InitialProbeCompleted;

        public Task CheckHealthAsync(IEnumerable<ClusterState> clusters)
        {
            var check = _inner.CheckHealthAsync(clusters);
            First.TrySetResult(check);
            return check;
        }
    }

    private sealed class AppliedSignal : IConfigChangeListener
    {
        private TaskCompletionSource _applied = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Next() => (_applied = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

        public void ConfigurationLoadingFailed(IProxyConfigProvider configProvider, Exception exception) => _applied.TrySetException(exception);

        public void ConfigurationLoaded(IReadOnlyList<IProxyConfig> proxyConfigs)
        {
        }

        public void ConfigurationApplyingFailed(IReadOnlyList<IProxyConfig> proxyConfigs, Exception exception) => _applied.TrySetException(exception);

        public void ConfigurationApplied(IReadOnlyList<IProxyConfig> proxyConfigs) => _applied.TrySetResult();
    }
}
