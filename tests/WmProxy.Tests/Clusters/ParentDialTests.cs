using System;
using System.Collections.Generic;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Clusters;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.Tests.Common;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Tests.Clusters;

/// <summary>Dialling through parent proxies: targets, whose failure counts, and chains.</summary>
public sealed class ParentDialTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("socks5")]
    [InlineData("http+connect")]
    public async Task DialAsync_Target_IsReachedThroughTheParent(string scheme)
    {
        await using var parent = ParentServer.Start(scheme);
        using var target = Loopback.Listen();
        await using var host = ClusterHost.Create(ClusterHost.Cluster(parent.ParentAddress));
        var result = await DialAsync(host, Target(target));
        Assert.True(result.IsConnected, result.Error);
        await using var stream = result.Stream;
        using var accepted = await target.AcceptAsync().WaitAsync(Hang);
        await stream.WriteAsync("hello"u8.ToArray());
        Assert.Equal("hello", await Loopback.ReadAsync(accepted, 5));
        Assert.Equal([$"target.example:{Loopback.PortOf(target)}"], parent.Requests);
        Assert.Equal(1, host.State().Destinations["a"].ConcurrentRequestCount);
        result.Lease.Dispose();
        Assert.Equal(0, host.State().Destinations["a"].ConcurrentRequestCount);
    }

    [Theory]
    [InlineData("socks5", SocketError.ConnectionRefused)]
    [InlineData("http+connect", SocketError.HostUnreachable)]
    public async Task DialAsync_TargetRefuses_IsNotTheParentsFailureAndNotTriedElsewhere(string scheme, SocketError expected)
    {
        await using var first = ParentServer.Start(scheme);
        await using var second = ParentServer.Start(scheme);
        await using var host = ClusterHost.Create(ClusterHost.Cluster(first.ParentAddress, second.ParentAddress));
        var port = Loopback.GetRefusingPort(out var reserved);
        using (reserved)
        {
            for (var i = 0; i < 5; i++)
            {
                var result = await DialAsync(host, new ForwardTarget("t.example", null, port));
                Assert.Equal(ConnectFault.Target, result.Fault);
                Assert.Equal(expected, result.Code);
                Assert.Equal(ConnectionEndReason.ConnectFailed, result.Failure);
                Assert.Contains("destination 'a'", result.Error);
            }
        }

        Assert.Equal(5, first.Requests.Length);
        Assert.Equal(0, second.AcceptedCount);
        Assert.Equal(DestinationHealth.Unknown, host.State().Destinations["a"].Health.Passive);
    }

    [Fact]
    public async Task DialAsync_ParentRefusesThePassword_CountsAndTheNextIsTried()
    {
        await using var refusing = new ScriptedPeer(script => script.Read(3).Write([5, 0xff]).ReadToEnd());
        await using var second = ParentServer.Start("socks5");
        using var target = Loopback.Listen();
        await using var host = ClusterHost.Create(ClusterHost.Cluster($"socks5://127.0.0.1:{refusing.Port}", second.ParentAddress));
        for (var i = 0; i < 3; i++)
        {
            var result = await DialAsync(host, Target(target));
            Assert.True(result.IsConnected, result.Error);
            Assert.Equal("b", result.Lease.Destination.DestinationId);
            await result.Stream.DisposeAsync();
            if (i == 1)
            {
                // YARP's list follows the health on another thread.
                await Deadline.PollAsync(() => Task.FromResult(host.State().DestinationsState.AvailableDestinations.Count == 1));
            }
        }

        Assert.Equal(DestinationHealth.Unhealthy, host.State().Destinations["a"].Health.Passive);
        Assert.Equal(2, refusing.AcceptedCount);
    }

    [Fact]
    public async Task DialAsync_ParentThatDoesNotKnow_IsFollowedByTheNextButDoesNotCount()
    {
        await using var unsure = new ScriptedPeer(script => script.Read(3).Write([5, 0]).Read(5 + 14 + 2).Write([5, 1, 0, 1, 0, 0, 0, 0, 0, 0]).ReadToEnd());
        await using var second = ParentServer.Start("socks5");
        using var target = Loopback.Listen();
        await using var host = ClusterHost.Create(ClusterHost.Cluster($"socks5://127.0.0.1:{unsure.Port}", second.ParentAddress));
        for (var i = 0; i < 3; i++)
        {
            var result = await DialAsync(host, Target(target));
            Assert.True(result.IsConnected, result.Error);
            await result.Stream.DisposeAsync();
        }

        Assert.Equal(3, unsure.AcceptedCount);
        Assert.Equal(DestinationHealth.Unknown, host.State().Destinations["a"].Health.Passive);
    }

    [Theory]
    [InlineData("socks5", new byte[0], nameof(ConnectFault.Destination))]
    [InlineData("socks5", new byte[] { 5, 0 }, nameof(ConnectFault.Target))]
    [InlineData("http+connect", new byte[0], nameof(ConnectFault.Unknown))]
    public async Task DialAsync_NoAnswerInTime_IsBlamedOnWhoeverWasAsked(string scheme, byte[] answer, string fault)
    {
        var answered = new SemaphoreSlim(0);
        await using var silent = new TestServerSocket(async (connection, token) =>
        {
            await connection.ReadExactlyAsync(3);
            await connection.SendAsync(answer);
            if (scheme == "socks5" && answer.Length > 0)
            {
                await connection.ReadExactlyAsync(5 + 14 + 2);
            }

            answered.Release();
            await Task.Delay(Timeout.Infinite, token);
        });
        var time = new FakeTimeProvider();
        await using var host = ClusterHost.Create(
            ClusterHost.Cluster($"{scheme}://127.0.0.1:{silent.Port}"), services => services.AddSingleton<TimeProvider>(time));
        for (var i = 0; i < 2; i++)
        {
            var dialling = DialAsync(host, new ForwardTarget("target.example", null, 1), TimeSpan.FromSeconds(5), attempts: 1);
            Assert.True(await answered.WaitAsync(Hang));
            time.Advance(TimeSpan.FromSeconds(5));
            var result = await dialling.WaitAsync(Hang);
            Assert.Equal(ConnectionEndReason.ConnectTimeout, result.Failure);
            Assert.Equal(SocketError.TimedOut, result.Code);
            Assert.Equal(fault, result.Fault.ToString());
        }

        var expected = fault == nameof(ConnectFault.Destination) ? DestinationHealth.Unhealthy : DestinationHealth.Unknown;
        Assert.Equal(expected, host.State().Destinations["a"].Health.Passive);
    }

    [Fact]
    public async Task DialAsync_TargetAndNoParent_IsRefused()
    {
        using var listener = Loopback.Listen();
        await using var host = ClusterHost.Create(ClusterHost.Cluster($"tcp://{listener.LocalEndPoint}"));
        var result = await DialAsync(host, new ForwardTarget("t.example", null, 1));
        Assert.False(result.IsConnected);
        Assert.Contains("is no parent proxy", result.Error);
        Assert.False(listener.Poll(0, SelectMode.SelectRead));
    }

    [Fact]
    public async Task DialAsync_ParentAndNoTarget_IsRefused()
    {
        await using var parent = ParentServer.Start("socks5");
        await using var host = ClusterHost.Create(ClusterHost.Cluster(parent.ParentAddress));
        var result = await host.DialAsync();
        Assert.False(result.IsConnected);
        Assert.Contains("nothing to ask it for", result.Error);
        Assert.Equal(0, parent.AcceptedCount);
    }

    [Fact]
    public async Task DialAsync_GreetingOnly_LeavesTheRestToTheCaller()
    {
        await using var parent = ParentServer.Start("socks5");
        await using var host = ClusterHost.Create(ClusterHost.Cluster(parent.ParentAddress));
        var result = await host.Dialer.DialAsync(new DialRequest { ClusterId = "c", ConnectAttempts = 1, ConnectTimeout = Hang, GreetsOnly = true }, default);
        Assert.True(result.IsConnected, result.Error);
        await result.Stream.DisposeAsync();
        Assert.Empty(parent.Requests);
    }

    [Fact]
    public async Task DialAsync_Chain_PassesEveryHopAndCountsEachLease()
    {
        await using var first = ParentServer.Start("socks5");
        await using var second = ParentServer.Start("http+connect");
        await using var third = ParentServer.Start("socks5");
        using var target = Loopback.Listen();
        await using var host = ClusterHost.Create(ClusterHost.Cluster("tcp://127.0.0.1:1"));
        await host.UpdateAsync(
            Cluster("c", "two", third.ParentAddress.Replace("//", "//user:p%40ss@", StringComparison.Ordinal)),
            Cluster("two", "one", second.ParentAddress),
            Cluster("one", null, first.ParentAddress));
        var result = await DialAsync(host, Target(target));
        Assert.True(result.IsConnected, result.Error);
        await using var stream = result.Stream;
        using var accepted = await target.AcceptAsync().WaitAsync(Hang);
        await accepted.SendAsync("early"u8.ToArray());
        var early = new byte[5];
        await stream.ReadExactlyAsync(early).AsTask().WaitAsync(Hang);
        Assert.Equal([$"127.0.0.1:{second.Port}"], first.Requests);
        Assert.Equal([$"127.0.0.1:{third.Port}"], second.Requests);
        Assert.Equal(["user:p@ss", $"target.example:{Loopback.PortOf(target)}"], third.Requests);
        Assert.All(new[] { "c", "two", "one" }, id => Assert.Equal(1, host.State(id).Destinations["a"].ConcurrentRequestCount));
        result.Lease.Dispose();
        result.Lease.Dispose();
        Assert.All(new[] { "c", "two", "one" }, id => Assert.Equal(0, host.State(id).Destinations["a"].ConcurrentRequestCount));
    }

    [Fact]
    public async Task DialAsync_ChainToPlainTcp_SendsThePrefaceToTheDestination()
    {
        await using var parent = ParentServer.Start("http+connect");
        using var destination = Loopback.Listen();
        await using var host = ClusterHost.Create(ClusterHost.Cluster("tcp://127.0.0.1:1"));
        await host.UpdateAsync(Cluster("c", "p", $"tcp://localhost:{Loopback.PortOf(destination)}"), Cluster("p", null, parent.ParentAddress));
        var result = await host.Dialer.DialAsync(
            new DialRequest { ClusterId = "c", ConnectAttempts = 1, ConnectTimeout = Hang, Preface = "PROXY"u8.ToArray() }, default);
        Assert.True(result.IsConnected, result.Error);
        await using var stream = result.Stream;
        using var accepted = await destination.AcceptAsync().WaitAsync(Hang);
        Assert.Equal("PROXY", await Loopback.ReadAsync(accepted, 5));
        Assert.Equal([$"localhost:{Loopback.PortOf(destination)}"], parent.Requests);
    }

    [Fact]
    public async Task DialAsync_FirstHopIsDown_FailsOverThereAlone()
    {
        var refusing = Loopback.GetRefusingPort(out var reserved);
        await using var first = ParentServer.Start("socks5");
        await using var second = ParentServer.Start("socks5");
        using var target = Loopback.Listen();
        using (reserved)
        {
            await using var host = ClusterHost.Create(ClusterHost.Cluster("tcp://127.0.0.1:1"));
            await host.UpdateAsync(Cluster("c", "one", second.ParentAddress), Cluster("one", null, $"socks5://127.0.0.1:{refusing}", first.ParentAddress));
            for (var i = 0; i < 3; i++)
            {
                var result = await DialAsync(host, Target(target));
                Assert.True(result.IsConnected, result.Error);
                Assert.Equal("b", result.Lease.Way!.Destination.DestinationId);
                await result.Stream.DisposeAsync();
            }

            Assert.Equal(DestinationHealth.Unhealthy, host.State("one").Destinations["a"].Health.Passive);
            Assert.Equal(DestinationHealth.Unknown, host.State("c").Destinations["a"].Health.Passive);
        }
    }

    [Fact]
    public async Task DialAsync_SecondHopIsDown_IsItsFailureAndTheNextIsTried()
    {
        var refusing = Loopback.GetRefusingPort(out var reserved);
        await using var first = ParentServer.Start("socks5");
        await using var second = ParentServer.Start("socks5");
        using var target = Loopback.Listen();
        using (reserved)
        {
            await using var host = ClusterHost.Create(ClusterHost.Cluster("tcp://127.0.0.1:1"));
            await host.UpdateAsync(Cluster("c", "one", $"socks5://127.0.0.1:{refusing}", second.ParentAddress), Cluster("one", null, first.ParentAddress));
            for (var i = 0; i < 3; i++)
            {
                var result = await DialAsync(host, Target(target));
                Assert.True(result.IsConnected, result.Error);
                Assert.Equal("b", result.Lease.Destination.DestinationId);
                await result.Stream.DisposeAsync();
            }

            Assert.Equal(DestinationHealth.Unhealthy, host.State("c").Destinations["a"].Health.Passive);
            Assert.Equal(DestinationHealth.Unknown, host.State("one").Destinations["a"].Health.Passive);
        }
    }

    [Fact]
    public async Task DialAsync_WholeFirstHopIsDown_SaysNothingOfTheDestinationsBehindIt()
    {
        var refusing = Loopback.GetRefusingPort(out var reserved);
        using (reserved)
        {
            await using var host = ClusterHost.Create(ClusterHost.Cluster("tcp://127.0.0.1:1"));
            await host.UpdateAsync(Cluster("c", "one", "socks5://10.0.0.1:1", "socks5://10.0.0.2:1"), Cluster("one", null, $"socks5://127.0.0.1:{refusing}"));
            for (var i = 0; i < 3; i++)
            {
                var result = await DialAsync(host, new ForwardTarget("t.example", null, 1));
                Assert.Equal(ConnectFault.Way, result.Fault);
                Assert.StartsWith("destination 'a': via cluster 'one': destination 'a': 127.0.0.1", result.Error);
            }

            Assert.All(host.State("c").Destinations.Values, destination => Assert.Equal(DestinationHealth.Unknown, destination.Health.Passive));
            Assert.All(host.State("c").Destinations.Values, destination => Assert.Equal(0, destination.ConcurrentRequestCount));
            Assert.Equal(0, host.State("one").Destinations["a"].ConcurrentRequestCount);
        }
    }

    [Fact]
    public async Task DialAsync_ChainInACircle_Ends()
    {
        await using var host = ClusterHost.Create(ClusterHost.Cluster("tcp://127.0.0.1:1"));
        await host.UpdateAsync(Cluster("c", "d", "socks5://10.0.0.1:1"), Cluster("d", "c", "socks5://10.0.0.1:1"));
        var result = await DialAsync(host, new ForwardTarget("t.example", null, 1));
        Assert.False(result.IsConnected);
        Assert.Contains("circle", result.Error);
        Assert.Equal(0, host.State("d").Destinations["a"].ConcurrentRequestCount);
    }

    [Fact]
    public async Task DialAsync_ChainCancelled_LeavesNothingCounted()
    {
        await using var first = ParentServer.Start("socks5");
        await using var silent = new ScriptedPeer(script => script.Read(3).Stall());
        await using var host = ClusterHost.Create(ClusterHost.Cluster("tcp://127.0.0.1:1"));
        await host.UpdateAsync(Cluster("c", "one", $"socks5://127.0.0.1:{silent.Port}"), Cluster("one", null, first.ParentAddress));
        using var cts = new CancellationTokenSource();
        var dialling = host.Dialer.DialAsync(
            new DialRequest { ClusterId = "c", ConnectAttempts = 1, ConnectTimeout = Hang, Target = new ForwardTarget("t.example", null, 1) }, cts.Token).AsTask();
        await silent.AcceptedAsync();
        await cts.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dialling.WaitAsync(Hang));
        Assert.Equal(0, host.State("c").Destinations["a"].ConcurrentRequestCount);
        Assert.Equal(0, host.State("one").Destinations["a"].ConcurrentRequestCount);
    }

    private static ForwardTarget Target(Socket listener) => new("target.example", null, Loopback.PortOf(listener));

    private static ClusterConfig Cluster(string id, string? via, params string[] addresses) => ClusterHost.Cluster(addresses) with
    {
        ClusterId = id,
        Metadata = via is null ? null : new Dictionary<string, string> { ["Via"] = via },
    };

    private static Task<DialResult> DialAsync(ClusterHost host, ForwardTarget target, TimeSpan? timeout = null, int attempts = 3) => host.Dialer.DialAsync(
        new DialRequest { ClusterId = "c", ConnectAttempts = attempts, ConnectTimeout = timeout ?? Hang, Target = target }, default).AsTask().WaitAsync(Hang);
}
