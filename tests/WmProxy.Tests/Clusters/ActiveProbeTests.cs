using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.Clusters;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Tests.Clusters;

public sealed class ActiveProbeTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task CheckHealthAsync_TcpDestinations_FlipWithTheListener()
    {
        var refusing = Loopback.GetRefusingPort(out var reserved);
        using var listener = Loopback.Listen();
        await using var host = ClusterHost.Create(Probed($"tcp://{listener.LocalEndPoint}", $"tcp://127.0.0.1:{refusing}"));
        await host.ProbeAsync();
        Assert.Equal(DestinationHealth.Healthy, Health(host, "a"));
        Assert.Equal(DestinationHealth.Unhealthy, Health(host, "b"));
        Assert.Equal("a", host.Available());
        reserved.Listen();
        using (reserved)
        {
            await host.ProbeAsync();
            Assert.Equal(DestinationHealth.Healthy, Health(host, "b"));
            Assert.Equal("ab", host.Available());
        }
    }

    [Fact]
    public async Task CheckHealthAsync_UnixDestination_IsProbed()
    {
        var path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"wm-{Guid.NewGuid():N}.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        await using var host = ClusterHost.Create(Probed($"unix:{path}", "unix:/nonexistent/wm.sock"));
        await host.ProbeAsync();
        System.IO.File.Delete(path);
        Assert.Equal(DestinationHealth.Healthy, Health(host, "a"));
        Assert.Equal(DestinationHealth.Unhealthy, Health(host, "b"));
    }

    [Fact]
    public async Task CheckHealthAsync_HealthAddress_IsProbedInstead()
    {
        using var listener = Loopback.Listen();
        var cluster = Probed("tcp://127.0.0.1:1") with
        {
            Destinations = new Dictionary<string, DestinationConfig> { ["a"] = new() { Address = "tcp://127.0.0.1:1", Health = $"tcp://{listener.LocalEndPoint}" } },
        };
        await using var host = ClusterHost.Create(cluster);
        await host.ProbeAsync();
        Assert.Equal(DestinationHealth.Healthy, Health(host, "a"));
    }

    [Theory]
    [InlineData("PING\r\n", "+PONG", "+PONG\r\n", true)]
    [InlineData("hex:50 494e470D0a", "hex:2b504F4E47", "+PONG\r\n", true)]
    [InlineData("PING\r\n", "PONG", "banner, then +PONG", true)]
    [InlineData("PING\r\n", "+PONG", "-LOADING\r\n", false)]
    [InlineData("PING\r\n", "+PONG", "", false)]
    public async Task CheckHealthAsync_SendAndExpect_JudgeTheAnswer(string send, string expect, string answer, bool isHealthy)
    {
        using var listener = Loopback.Listen();
        var serving = AnswerAsync(listener, "PING\r\n", answer);
        await using var host = ClusterHost.Create(Probed($"tcp://{listener.LocalEndPoint}") with { Metadata = Dialogue(send, expect) });
        await host.ProbeAsync();
        await serving.WaitAsync(Hang);
        Assert.Equal(isHealthy ? DestinationHealth.Healthy : DestinationHealth.Unhealthy, Health(host, "a"));
    }

    [Fact]
    public async Task CheckHealthAsync_AnswerInPieces_IsPutTogether()
    {
        using var listener = Loopback.Listen();
        var serving = AnswerAsync(listener, "", "+", "PO", "NG");
        await using var host = ClusterHost.Create(Probed($"tcp://{listener.LocalEndPoint}") with { Metadata = Dialogue(null, "+PONG") });
        await host.ProbeAsync();
        await serving.WaitAsync(Hang);
        Assert.Equal(DestinationHealth.Healthy, Health(host, "a"));
    }

    [Theory]
    [InlineData(4096 - 5, true)]
    [InlineData(4096 - 4, false)]
    public async Task CheckHealthAsync_ExpectBehindFourKiB_IsNotSeen(int position, bool isHealthy)
    {
        using var listener = Loopback.Listen();
        var serving = AnswerAsync(listener, "", new string('x', position) + "+PONG");
        await using var host = ClusterHost.Create(Probed($"tcp://{listener.LocalEndPoint}") with { Metadata = Dialogue(null, "+PONG") });
        await host.ProbeAsync();
        await serving.WaitAsync(Hang);
        Assert.Equal(isHealthy ? DestinationHealth.Healthy : DestinationHealth.Unhealthy, Health(host, "a"));
    }

    [Fact]
    public async Task CheckHealthAsync_NoAnswer_EndsWithTheTimeout()
    {
        using var listener = Loopback.Listen();
        var cluster = Probed($"tcp://{listener.LocalEndPoint}") with { Metadata = Dialogue(null, "+PONG") };
        cluster = cluster with { HealthCheck = cluster.HealthCheck! with { Active = cluster.HealthCheck.Active! with { Timeout = TimeSpan.FromMilliseconds(50) } } };
        await using var host = ClusterHost.Create(cluster);
        await host.ProbeAsync();
        Assert.Equal(DestinationHealth.Unhealthy, Health(host, "a"));
        using var accepted = await listener.AcceptAsync().WaitAsync(Hang);
        Assert.Equal(0, await accepted.ReceiveAsync(new byte[1]).WaitAsync(Hang));
    }

    [Fact]
    public async Task CheckHealthAsync_MetadataReloaded_IsUsedWithTheSameClient()
    {
        using var listener = Loopback.Listen();
        var cluster = Probed($"tcp://{listener.LocalEndPoint}");
        await using var host = ClusterHost.Create(cluster);
        await host.InitialProbesAsync();
        var client = host.State().Model.HttpClient;
        await host.UpdateAsync(cluster with { Metadata = Dialogue("hello", "hello") });
        Assert.Same(client, host.State().Model.HttpClient);
        using var initial = await listener.AcceptAsync().WaitAsync(Hang);
        var serving = AnswerAsync(listener, 1, "hello", "no");
        await host.ProbeAsync();
        await serving.WaitAsync(Hang);
        Assert.Equal(DestinationHealth.Unhealthy, Health(host, "a"));
    }

    [Fact]
    public async Task CheckHealthAsync_HttpDestination_IsLeftToTheHostsFactories()
    {
        var handler = new RecordingHandler();
        var factory = new HostFactory(handler);
        await using var host = ClusterHost.Create(Probed("http://192.0.2.1:1/base"), after: services => services.AddSingleton<IForwarderHttpClientFactory>(factory));
        await host.ProbeAsync();
        Assert.Equal(DestinationHealth.Healthy, Health(host, "a"));
        Assert.Contains("http://192.0.2.1:1/base", handler.Uris[0]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task CreateClient_HostsFactoryBeforeOrAfter_GetsItsOwnOldClient(bool isBefore)
    {
        using var listener = Loopback.Listen();
        var factory = new HostFactory(new RecordingHandler());
        void Register(IServiceCollection services) => services.AddSingleton<IForwarderHttpClientFactory>(factory);
        var cluster = Probed($"tcp://{listener.LocalEndPoint}");
        await using var host = ClusterHost.Create(cluster, isBefore ? Register : null, isBefore ? null : Register);
        await host.UpdateAsync(cluster with { Metadata = new Dictionary<string, string> { ["x"] = "y" } });
        Assert.Equal(2, factory.Contexts.Count);
        Assert.Null(factory.Contexts[0].OldClient);
        Assert.Same(factory.Created[0], factory.Contexts[1].OldClient);
        Assert.Equal("c", factory.Contexts[1].ClusterId);
        Assert.Equal("y", factory.Contexts[1].NewMetadata!["x"]);
        await host.ProbeAsync();
        Assert.Equal(DestinationHealth.Healthy, Health(host, "a"));
    }

    [Fact]
    public async Task ConfigureHttpClient_AfterUs_WorksBesideProbes()
    {
        using var listener = Loopback.Listen();
        var configured = 0;
        await using var host = ClusterHost.Create(
            Probed($"tcp://{listener.LocalEndPoint}"),
            after: services => services.AddReverseProxy().ConfigureHttpClient((_, _) => configured++));
        await host.ProbeAsync();
        Assert.Equal(1, configured);
        Assert.Equal(DestinationHealth.Healthy, Health(host, "a"));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    public async Task AddWmProxyClusters_AddReverseProxyAroundIt_Works(int before, int after)
    {
        using var listener = Loopback.Listen();
        await using var host = ClusterHost.Create(Probed($"tcp://{listener.LocalEndPoint}"), services => Add(services, before), services =>
        {
            services.AddWmProxyClusters();
            Add(services, after > 1 ? 1 : after);
            services.AddWmProxyClusters();
        });
        await host.ProbeAsync();
        Assert.Equal(DestinationHealth.Healthy, Health(host, "a"));
        Assert.True((await host.DialAsync()).IsConnected);
        var names = host.Services.GetServices<IActiveHealthCheckPolicy>().Select(policy => policy.Name).ToArray();
        Assert.Contains("ConsecutiveFailures", names);
        Assert.Equal(names.Distinct(), names);

        static void Add(IServiceCollection services, int count)
        {
            for (var i = 0; i < count; i++)
            {
                services.AddReverseProxy();
            }
        }
    }

    [Fact]
    public async Task AddDnsDestinationResolver_TcpCluster_IsExpandedProbedAndDialled()
    {
        using var listener = Loopback.Listen();
        await using var host = ClusterHost.Create(
            Probed($"tcp://localhost:{Loopback.PortOf(listener)}"),
            after: services => services.AddReverseProxy().AddDnsDestinationResolver(options => options.AddressFamily = AddressFamily.InterNetwork));
        await host.ProbeAsync();
        var destination = Assert.Single(host.State().Destinations.Values);
        Assert.Equal("a[127.0.0.1]", destination.DestinationId);
        Assert.Equal(DestinationHealth.Healthy, destination.Health.Active);
        var result = await host.DialAsync();
        Assert.True(result.IsConnected, result.Error);
        await result.Stream.DisposeAsync();
    }

    [Fact]
    public async Task AddDnsDestinationResolver_UnixDestination_StaysAsItIs()
    {
        using var listener = Loopback.Listen();
        await using var host = ClusterHost.Create(
            ClusterHost.Cluster("unix:/run/wm.sock", $"tcp://127.0.0.1:{Loopback.PortOf(listener)}"),
            after: services => services.AddReverseProxy().AddDnsDestinationResolver());
        var destinations = host.State().Destinations;
        Assert.Equal(["a", "b[127.0.0.1]"], destinations.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("unix:/run/wm.sock", destinations["a"].Model.Config.Address);
    }

    private static ClusterConfig Probed(params string[] addresses) => ClusterHost.Cluster(addresses) with
    {
        HealthCheck = new HealthCheckConfig
        {
            Active = new ActiveHealthCheckConfig { Enabled = true, Interval = TimeSpan.FromHours(1), Timeout = TimeSpan.FromSeconds(10) },
        },
        Metadata = new Dictionary<string, string> { ["ConsecutiveFailuresHealthPolicy.Threshold"] = "1" },
    };

    private static Dictionary<string, string> Dialogue(string? send, string expect)
    {
        var metadata = new Dictionary<string, string> { ["ConsecutiveFailuresHealthPolicy.Threshold"] = "1", ["HealthCheck.Expect"] = expect };
        if (send is not null)
        {
            metadata["HealthCheck.Send"] = send;
        }

        return metadata;
    }

    private static DestinationHealth Health(ClusterHost host, string id) => host.State().Destinations[id].Health.Active;

    // YARP probes once by itself when the configuration is loaded.
    private static Task AnswerAsync(Socket listener, string expected, params string[] pieces) => AnswerAsync(listener, 2, expected, pieces);

    private static async Task AnswerAsync(Socket listener, int count, string expected, params string[] pieces)
    {
        for (var i = 0; i < count; i++)
        {
            using var accepted = await listener.AcceptAsync();
            accepted.NoDelay = true;
            Assert.Equal(expected, await Loopback.ReadAsync(accepted, expected.Length));
            foreach (var piece in pieces)
            {
                await accepted.SendAsync(Encoding.ASCII.GetBytes(piece));
            }

            accepted.Shutdown(SocketShutdown.Send);
            try
            {
                await accepted.ReceiveAsync(new byte[1]);
            }
            catch (SocketException)
            {
                // A probe that has seen enough resets the connection.
            }
        }
    }

    private sealed class HostFactory : IForwarderHttpClientFactory
    {
        private readonly HttpMessageHandler _handler;

        public HostFactory(HttpMessageHandler handler) => _handler = handler;

        public List<ForwarderHttpClientContext> Contexts { get; } = [];

        public List<HttpMessageInvoker> Created { get; } = [];

        public HttpMessageInvoker CreateClient(ForwarderHttpClientContext context)
        {
            Contexts.Add(context);
            Created.Add(context.OldClient ?? new HttpMessageInvoker(_handler));
            return Created[^1];
        }
    }

    private sealed class RecordingHandler : HttpMessageHandler
    {
        public List<string> Uris { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            lock (Uris)
            {
                Uris.Add(request.RequestUri!.ToString());
            }

            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK));
        }
    }
}
