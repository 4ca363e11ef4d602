using System;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Relay;
using WmProxy.Relay.Linux;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Relay.Linux;

/// <summary>What a pair of sockets leaves behind, and how it fares with the thread's other work.</summary>
[Collection(typeof(OwnDescriptorsCollection))]
[SupportedOSPlatform("linux")]
public sealed class RelayPairTests : IDisposable
{
    private readonly TestLoop _loop = new();

    public void Dispose() => _loop.Dispose();

    /// <summary>Relays that end in every way, also in the middle of a large transfer, whose pipes hold something then.</summary>
    [Theory]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.Unix)]
    public async Task Relay_ManyThatEndInAnyWay_LeaveNoDescriptorBehind(AddressFamily family)
    {
        await _loop.RunAsync(() => TestCalls.HaveOwnDescriptors());
        using var listener = await _loop.RunAsync(() => LoopConnection.Listen(family));
        var before = await _loop.RunAsync(TestCalls.CountSocketsAndPipes);
        for (var run = 0; run < 24; run++)
        {
            using var client = await ConnectAsync(listener);
            using var server = await ConnectAsync(listener);
            var session = new RelaySession(client.Stream, server.Stream);
            var relay = TestLoop.RunElsewhereAsync(() => RelayPair.RunAsync(session, client.Stream, server.Stream).AsTask());
            if (run % 2 == 0)
            {
                _ = server.Peer.SendTestDataAsync(64 * 1024 * 1024);
                await client.Peer.ReadExactlyAsync(1024 * 1024);
            }

            switch (run % 3)
            {
                case 0:
                    session.Cancel(ConnectionEndReason.Killed);
                    Assert.Equal(ConnectionEndReason.Killed, await relay);
                    break;
                case 1:
                    client.Peer.Dispose();
                    server.Peer.Dispose();
                    await relay;
                    break;
                default:
                    client.Stream.Abort();
                    Assert.NotEqual(ConnectionEndReason.Completed, await relay);
                    break;
            }
        }

        await _loop.RunAsync(() => _loop.Loop.Pipes.Dispose());
        await Deadline.PollAsync(async () => await _loop.RunAsync(TestCalls.CountSocketsAndPipes) == before);
        await _loop.RunAsync(listener.Dispose);
        Assert.Empty(_loop.Failures);
    }

    [Fact]
    public async Task Relay_PeersThatNeverStop_LeaveTheThreadToOthers()
    {
        using var listener = LoopConnection.Listen(AddressFamily.InterNetwork);
        using var client = await ConnectAsync(listener);
        using var server = await ConnectAsync(listener);
        using var other = await ConnectAsync(listener);
        var session = new RelaySession(client.Stream, server.Stream);
        var relay = TestLoop.RunElsewhereAsync(() => RelayPair.RunAsync(session, client.Stream, server.Stream).AsTask());
        var transfers = Task.WhenAll(
            client.Peer.SendTestDataAsync(long.MaxValue), server.Peer.SendTestDataAsync(long.MaxValue), client.Peer.DrainAsync(), server.Peer.DrainAsync());
        await Deadline.PollAsync(() => Task.FromResult(session.BytesUp > 10_000_000 && session.BytesDown > 10_000_000));

        // Each message goes through the loop between two turns of the others.
        for (var i = 0; i < 100; i++)
        {
            var reading = _loop.RunAsync(() => other.Stream.ReadAsync(new byte[1]).AsTask());
            await other.Peer.SendAsync("x");
            Assert.Equal(1, await reading);
        }

        session.Cancel(ConnectionEndReason.Drained);
        Assert.Equal(ConnectionEndReason.Drained, await relay);
        await transfers;
    }

    [Fact]
    public async Task RunAsync_OneSideIsClosedAlready_EndsBoth()
    {
        using var listener = LoopConnection.Listen(AddressFamily.InterNetwork);
        using var client = await ConnectAsync(listener);
        using var server = await ConnectAsync(listener);
        client.Stream.Abort();
        var session = new RelaySession(client.Stream, server.Stream);

        await TestLoop.RunElsewhereAsync(() => RelayPair.RunAsync(session, client.Stream, server.Stream).AsTask());

        Assert.Equal(ReadEnd.Reset, (await client.Peer.ReadToEndAsync()).End);
        Assert.Equal(ReadEnd.Reset, (await server.Peer.ReadToEndAsync()).End);
    }

    [Fact]
    public async Task RunAsync_CanceledBefore_EndsWithThatReason()
    {
        using var listener = LoopConnection.Listen(AddressFamily.InterNetwork);
        using var client = await ConnectAsync(listener);
        using var server = await ConnectAsync(listener);
        var session = new RelaySession(client.Stream, server.Stream);
        session.Cancel(ConnectionEndReason.Drained);

        var reason = await TestLoop.RunElsewhereAsync(() => RelayPair.RunAsync(session, client.Stream, server.Stream).AsTask());

        Assert.Equal(ConnectionEndReason.Drained, reason);
        Assert.Equal(ReadEnd.Reset, (await client.Peer.ReadToEndAsync()).End);
        Assert.Equal(ReadEnd.Reset, (await server.Peer.ReadToEndAsync()).End);
    }

    /// <summary>What was told of a socket before the relay began is not told again.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RunAsync_EverythingWasToldOfBefore_IsNotWaitedFor(bool isRead)
    {
        using var listener = LoopConnection.Listen(AddressFamily.InterNetwork);
        using var client = await ConnectAsync(listener);
        using var server = await ConnectAsync(listener);
        await client.Peer.SendAsync("request");
        client.Peer.HalfClose();
        server.Peer.HalfClose();
        await Deadline.PollAsync(() => _loop.RunAsync(() => client.Stream.MayHideMore && server.Stream.MayHideMore));
        var session = new RelaySession(client.Stream, server.Stream);

        var reason = await _loop.RunAsync(async () =>
        {
            if (isRead)
            {
                Assert.Equal(3, await client.Stream.FillBufferAsync(3, default));
            }

            return await RelayPair.RunAsync(session, client.Stream, server.Stream);
        });

        Assert.Equal(ConnectionEndReason.Completed, reason);
        var result = await server.Peer.ReadToEndAsync();
        Assert.Equal((ReadEnd.Fin, "request"), (result.End, result.Text));
        Assert.Equal(ReadEnd.Fin, (await client.Peer.ReadToEndAsync()).End);
        Assert.Equal(7, session.BytesUp);
    }

    [Fact]
    public async Task Loop_EndsMeanwhile_EndsTheRelayAsAFailure()
    {
        using var listener = LoopConnection.Listen(AddressFamily.InterNetwork);
        using var client = await ConnectAsync(listener);
        using var server = await ConnectAsync(listener);
        var session = new RelaySession(client.Stream, server.Stream);
        var relay = TestLoop.RunElsewhereAsync(() => RelayPair.RunAsync(session, client.Stream, server.Stream).AsTask());
        await client.Peer.SendAsync("x");
        await server.Peer.ReadExactlyAsync(1);

        _loop.Dispose();

        Assert.NotEqual(ConnectionEndReason.Completed, await relay);
        Assert.Equal(ReadEnd.Reset, (await client.Peer.ReadToEndAsync()).End);
        Assert.Equal(ReadEnd.Reset, (await server.Peer.ReadToEndAsync()).End);
    }

    private Task<LoopConnection> ConnectAsync(Socket listener) => LoopConnection.ConnectAsync(_loop, listener);
}
