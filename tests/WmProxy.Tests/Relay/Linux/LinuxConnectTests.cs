using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.Clusters;
using WmProxy.Connectors;
using WmProxy.Listeners;
using WmProxy.Native;
using WmProxy.Relay.Linux;
using WmProxy.Tests.Clusters;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Relay.Linux;

/// <summary>The loop's thread has descriptors of its own, so that every one that is left behind is seen.</summary>
[Collection(typeof(OwnDescriptorsCollection))]
[SupportedOSPlatform("linux")]
public sealed class LinuxConnectTests : IAsyncLifetime
{
    private readonly TestLoop _loop = new();
    private int _descriptors;

    public static TheoryData<AddressFamily> Families => [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6, AddressFamily.Unix];

    public async ValueTask InitializeAsync()
    {
        await _loop.RunAsync(() => TestCalls.HaveOwnDescriptors());
        _descriptors = await _loop.RunAsync(TestCalls.CountSocketsAndPipes);
    }

    public async ValueTask DisposeAsync()
    {
        await AssertNothingIsLeftAsync();
        Assert.Empty(_loop.Failures);
        _loop.Dispose();
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task ConnectAsync_SomebodyListens_IsConnected(AddressFamily family)
    {
        using var listener = LoopConnection.Listen(family);

        var endPoint = listener.LocalEndPoint!;
        var stream = await TestLoop.RunElsewhereAsync(async () =>
        {
            var stream = await LinuxConnect.ConnectAsync(_loop.Loop, endPoint, CancellationToken.None);
            Assert.Equal(_loop.Loop, stream.Loop);
            await stream.WriteAsync("hello"u8.ToArray());
            return stream;
        });

        using var peer = new RawConnection(await listener.AcceptAsync().Within());
        Assert.Equal("hello"u8.ToArray(), await peer.ReadExactlyAsync(5));
        await peer.SendAsync("answer");
        var answer = new byte[6];
        await _loop.RunAsync(() => stream.ReadExactlyAsync(answer).AsTask());
        Assert.Equal("answer"u8.ToArray(), answer);
        await stream.DisposeAsync();
        Assert.Equal(ReadEnd.Fin, (await peer.ReadToEndAsync()).End);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task ConnectAsync_NobodyListens_IsRefused(AddressFamily family)
    {
        EndPoint endPoint;
        using (var listener = LoopConnection.Listen(family))
        {
            endPoint = listener.LocalEndPoint!;
        }

        await AssertFailsAsync(endPoint, SocketError.ConnectionRefused, isLocal: false);
    }

    [Fact]
    public async Task ConnectAsync_NoSuchPath_IsTheDestinationsFault()
    {
        using var folder = new TempDirectory();

        await AssertFailsAsync(new UnixDomainSocketEndPoint(folder.Combine("none.sock")), SocketError.AddressNotAvailable, isLocal: false);
    }

    [Fact]
    public async Task ConnectAsync_UnixListenerThatIsBusy_FailsAtOnce()
    {
        using var listener = LoopConnection.Listen(AddressFamily.Unix);
        listener.Listen(0);
        using var first = await RawClient.ConnectAsync(listener.LocalEndPoint!);

        await AssertFailsAsync(listener.LocalEndPoint!, SocketError.WouldBlock, isLocal: false);
    }

    [Fact]
    public async Task ConnectAsync_NobodyAnswersAndTimeIsUp_IsCanceled()
    {
        using var blackhole = new Blackhole();
        using var cancel = new CancellationTokenSource();
        var connecting = ConnectAsync(IPEndPoint.Parse(blackhole.Address["tcp://".Length..]), cancel.Token);
        await Deadline.PollAsync(async () => await _loop.RunAsync(TestCalls.CountSocketsAndPipes) == _descriptors + 1);
        Assert.False(connecting.IsCompleted);

        await cancel.CancelAsync();

        var canceled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        Assert.Equal(cancel.Token, canceled.CancellationToken);
    }

    [Fact]
    public async Task ConnectAsync_CanceledBefore_OpensNothing()
    {
        using var listener = LoopConnection.Listen(AddressFamily.InterNetwork);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ConnectAsync(listener.LocalEndPoint!, new CancellationToken(true)));
    }

    [Fact]
    public async Task ConnectAsync_CanceledAfterwards_IsConnectedAllTheSame()
    {
        using var listener = LoopConnection.Listen(AddressFamily.InterNetwork);
        using var cancel = new CancellationTokenSource();
        var stream = await ConnectAsync(listener.LocalEndPoint!, cancel.Token);
        using var peer = new RawConnection(await listener.AcceptAsync().Within());
        var reading = _loop.RunAsync(() => stream.ReadAsync(new byte[1]).AsTask());

        await cancel.CancelAsync();

        await _loop.RunAsync(() => { });
        await peer.SendAsync("x");
        Assert.Equal(1, await reading);
        stream.Abort();
        Assert.Equal(ReadEnd.Reset, (await peer.ReadToEndAsync()).End);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task ConnectAsync_NoDescriptorLeft_IsALocalFailureAndWorksAgainLater(AddressFamily family)
    {
        using var listener = LoopConnection.Listen(family);
        var taken = await _loop.RunAsync(() => TestCalls.UseUpDescriptors());

        var failure = await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(listener.LocalEndPoint!));
        Assert.Equal(SocketError.TooManyOpenSockets, failure.SocketErrorCode);
        await CloseAsync(taken);

        var stream = await ConnectAsync(listener.LocalEndPoint!);
        stream.Abort();
    }

    [Fact]
    public async Task SocketConnect_NoDescriptorLeft_SaysThatTheDestinationIsNotToBlame()
    {
        using var listener = LoopConnection.Listen(AddressFamily.InterNetwork);
        var beside = await ConnectAsync(listener.LocalEndPoint!);
        var taken = await _loop.RunAsync(() => TestCalls.UseUpDescriptors());

        var result = await TestLoop.RunElsewhereAsync(() => SocketConnect.ConnectAsync(listener.LocalEndPoint!, beside, default, CancellationToken.None).AsTask());

        Assert.False(result.IsConnected);
        Assert.True(result.IsLocalFailure);
        await CloseAsync(taken);
        beside.Abort();
    }

    [Theory]
    [InlineData("127.0.0.1", null)]
    [InlineData("one.example", null)]
    [InlineData("two.example", null)]
    [InlineData("127.0.0.1", "p")]
    public async Task DialAsync_LastDescriptors_AreSparedByWhomeverIsToldToAndByNobodyElse(string name, string? via)
    {
        Assert.True(DescriptorLimit.TryGet(out var limit, out _));
        Assert.SkipWhen(limit > 1_000_000, "The limit of descriptors is too high to be reached.");
        using var listener = LoopConnection.Listen(AddressFamily.InterNetwork);
        var port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        await using var parent = ParentServer.Start("socks5");
        await using var host = ClusterHost.Create(ClusterHost.Cluster($"tcp://{name}:{port}"), services => services.AddSingleton(new AddressResolver(
            TimeProvider.System, name => Task.FromResult<IPAddress[]>(name == "two.example" ? [IPAddress.Loopback, IPAddress.Parse("127.0.0.2")] : [IPAddress.Loopback]))));
        if (via is not null)
        {
            await host.UpdateAsync(
                ClusterHost.Cluster($"tcp://{name}:{port}") with { Metadata = new Dictionary<string, string> { [ClusterVia.MetadataKey] = via } },
                ClusterHost.Cluster(parent.ParentAddress) with { ClusterId = via });
        }

        var beside = await ConnectAsync(listener.LocalEndPoint!);
        var request = new DialRequest { ClusterId = "c", ConnectAttempts = 1, ConnectTimeout = TimeSpan.FromSeconds(20), Beside = beside };
        var taken = await _loop.RunAsync(() => TestCalls.UseUpDescriptors((int)DescriptorReserve.SizeFor((long)limit)));

        var spared = await TestLoop.RunElsewhereAsync(() => host.Dialer.DialAsync(request with { SparesReserve = true }, CancellationToken.None).AsTask());
        var connected = await TestLoop.RunElsewhereAsync(() => host.Dialer.DialAsync(request, CancellationToken.None).AsTask());

        Assert.Equal((false, ConnectFault.Local), (spared.IsConnected, spared.Fault));
        Assert.True(connected.IsConnected, connected.Error);
        connected.Stream.Abort();
        connected.Lease.Dispose();
        await CloseAsync(taken);
        beside.Abort();
    }

    // From elsewhere, and it goes on there.
    private Task<LinuxSocketStream> ConnectAsync(EndPoint endPoint, CancellationToken cancellationToken = default) =>
        TestLoop.RunElsewhereAsync(() => LinuxConnect.ConnectAsync(_loop.Loop, endPoint, cancellationToken).AsTask());

    private async Task AssertFailsAsync(EndPoint endPoint, SocketError error, bool isLocal)
    {
        var failure = await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(endPoint));
        Assert.Equal(error, failure.SocketErrorCode);

        using var listener = LoopConnection.Listen(AddressFamily.InterNetwork);
        var beside = await ConnectAsync(listener.LocalEndPoint!);
        var result = await TestLoop.RunElsewhereAsync(() => SocketConnect.ConnectAsync(endPoint, beside, default, CancellationToken.None).AsTask());
        Assert.False(result.IsConnected);
        Assert.Equal(isLocal, result.IsLocalFailure);
        beside.Abort();
    }

    private Task CloseAsync(List<int> descriptors) => _loop.RunAsync(() => descriptors.ForEach(descriptor => Assert.Equal(0, LinuxSocket.Close(descriptor))));

    private Task AssertNothingIsLeftAsync() =>
        Deadline.PollAsync(async () => await _loop.RunAsync(TestCalls.CountSocketsAndPipes) == _descriptors);
}
