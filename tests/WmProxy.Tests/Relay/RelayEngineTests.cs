using System;
using System.Linq;
using System.Net.Sockets;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Relay;

/// <summary>Every test runs on all ways of moving bytes.</summary>
public sealed class RelayEngineTests
{
    // More than the buffers of both connections hold, so that backpressure is met on the way.
    private const long LargeTransfer = 32 * 1024 * 1024;

    public static TheoryData<RelayWay> Ways => OperatingSystem.IsLinux() ? [.. Enum.GetValues<RelayWay>()] : [RelayWay.Sockets];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Relay_BothDirectionsAtOnce_DeliversEveryByteAndCountsThem(RelayWay way)
    {
        using var pair = await RelayedPair.StartAsync(way);

        var up = pair.Server.DrainAsync();
        var down = pair.Client.DrainAsync();
        await Task.WhenAll(SendAsync(pair.Client, 1), SendAsync(pair.Server, 2));

        AssertWhole(await up, 1);
        AssertWhole(await down, 2);
        Assert.Equal(ConnectionEndReason.Completed, await pair.Relay);
        Assert.Equal(LargeTransfer, pair.Session.BytesUp);
        Assert.Equal(LargeTransfer, pair.Session.BytesDown);

        static async Task SendAsync(RawConnection connection, ulong seed)
        {
            Assert.Equal(LargeTransfer, await connection.SendTestDataAsync(LargeTransfer, seed));
            connection.HalfClose();
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Relay_ClientHalfCloses_ServerSeesTheEndAndGoesOnSending(RelayWay way)
    {
        using var pair = await RelayedPair.StartAsync(way);

        await pair.Client.SendAsync("request");
        pair.Client.HalfClose();
        var request = await pair.Server.ReadToEndAsync();
        Assert.Equal(ReadEnd.Fin, request.End);
        Assert.Equal("request"u8.ToArray(), request.Data);

        var answer = pair.Client.DrainAsync();
        await pair.Server.SendTestDataAsync(LargeTransfer, 3);
        pair.Server.HalfClose();
        AssertWhole(await answer, 3);
        Assert.Equal(ConnectionEndReason.Completed, await pair.Relay);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Relay_ServerHalfCloses_ClientSeesTheEndAndGoesOnSending(RelayWay way)
    {
        using var pair = await RelayedPair.StartAsync(way);

        await pair.Server.SendAsync("greeting");
        pair.Server.HalfClose();
        var greeting = await pair.Client.ReadToEndAsync();
        Assert.Equal(ReadEnd.Fin, greeting.End);
        Assert.Equal("greeting"u8.ToArray(), greeting.Data);

        var upload = pair.Server.DrainAsync();
        await pair.Client.SendTestDataAsync(LargeTransfer, 4);
        pair.Client.HalfClose();
        AssertWhole(await upload, 4);
        Assert.Equal(ConnectionEndReason.Completed, await pair.Relay);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Relay_ServerResetsMidway_ClientGetsWhatCameBeforeAndAReset(RelayWay way)
    {
        using var pair = await RelayedPair.StartAsync(way);
        await pair.Server.SendAsync("half of it");
        Assert.Equal("half of it"u8.ToArray(), await pair.Client.ReadExactlyAsync(10));

        pair.Server.Reset();

        var rest = await pair.Client.ReadToEndAsync();
        Assert.Equal(ReadEnd.Reset, rest.End);
        Assert.Equal(ConnectionEndReason.UpstreamReset, await pair.Relay);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Relay_ClientResets_ServerGetsAReset(RelayWay way)
    {
        using var pair = await RelayedPair.StartAsync(way);
        await pair.Client.SendAsync("half of it");
        Assert.Equal("half of it"u8.ToArray(), await pair.Server.ReadExactlyAsync(10));

        pair.Client.Reset();

        var rest = await pair.Server.ReadToEndAsync();
        Assert.Equal(ReadEnd.Reset, rest.End);
        Assert.Equal(ConnectionEndReason.ClientReset, await pair.Relay);
    }

    // The write into a connection that was reset takes the error away; the read beside it must not report an orderly end.
    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Relay_ServerResetsWhileClientSends_ClientNeverSeesAnOrderlyEnd(RelayWay way)
    {
        for (var run = 0; run < 50; run++)
        {
            using var pair = await RelayedPair.StartAsync(way);
            var sending = pair.Client.SendTestDataAsync(LargeTransfer, 5);
            await pair.Server.ReadExactlyAsync(1000 * (run + 1));
            pair.Server.Reset();

            var end = await pair.Client.ReadToEndAsync();
            Assert.Equal(ReadEnd.Reset, end.End);
            Assert.True(await sending < LargeTransfer);
            Assert.Equal(ConnectionEndReason.UpstreamReset, await pair.Relay);
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Relay_ReaderStalls_SenderIsHeldBackAndNothingIsLost(RelayWay way)
    {
        using var pair = await RelayedPair.StartAsync(way, receiveBuffer: 16 * 1024);

        var sending = pair.Server.SendTestDataAsync(LargeTransfer, 6);
        await pair.Client.ReadExactlyAsync(1);
        Assert.False(sending.IsCompleted);
        Assert.InRange(pair.Session.BytesDown, 1, LargeTransfer - 1);

        var rest = pair.Client.DrainAsync();
        Assert.Equal(LargeTransfer, await sending);
        pair.Server.HalfClose();
        pair.Client.HalfClose();
        Assert.Equal(LargeTransfer - 1, (await rest).Length);
        Assert.Equal(ConnectionEndReason.Completed, await pair.Relay);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Relay_BytesWereBuffered_TheyComeFirst(RelayWay way)
    {
        using var pair = await RelayedPair.StartAsync(way, buffered: "looked at "u8.ToArray());

        await pair.Client.SendAsync("and the rest");
        pair.Client.HalfClose();

        Assert.Equal("looked at and the rest"u8.ToArray(), (await pair.Server.ReadToEndAsync()).Data);
        Assert.Equal(22, pair.Session.BytesUp);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Cancel_RelayIsIdle_BothPeersSeeAResetAndTheReasonIsKept(RelayWay way)
    {
        using var pair = await RelayedPair.StartAsync(way);
        await pair.Client.SendAsync("x");
        await pair.Server.ReadExactlyAsync(1);

        pair.Session.Cancel(ConnectionEndReason.IdleTimeout);
        pair.Session.Cancel(ConnectionEndReason.Killed);

        Assert.Equal(ConnectionEndReason.IdleTimeout, await pair.Relay);
        Assert.Equal(ReadEnd.Reset, (await pair.Client.ReadToEndAsync()).End);
        Assert.Equal(ReadEnd.Reset, (await pair.Server.ReadToEndAsync()).End);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Cancel_ReaderStalls_EndsTheRelay(RelayWay way)
    {
        using var pair = await RelayedPair.StartAsync(way, receiveBuffer: 16 * 1024);
        var sending = pair.Server.SendTestDataAsync(LargeTransfer, 7);
        await pair.Client.ReadExactlyAsync(1);

        pair.Session.Cancel(ConnectionEndReason.Drained);

        Assert.Equal(ConnectionEndReason.Drained, await pair.Relay);
        Assert.True(await sending < LargeTransfer);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Relay_MessagesOfAllSizes_KeepTheirBytes(RelayWay way)
    {
        using var pair = await RelayedPair.StartAsync(way);
        var sizes = Enumerable.Range(0, 20).Select(power => 1 << power).SelectMany(size => new[] { size - 1, size, size + 1 }).Where(size => size > 0);
        foreach (var size in sizes)
        {
            var message = new byte[size];
            TestData.Fill(message, 0, (ulong)size);

            var sending = pair.Client.SendAsync(message);
            Assert.Equal(message, await pair.Server.ReadExactlyAsync(size));
            await sending;
        }
    }

    /// <summary>recv(2) stops at urgent data with more behind it, and splice(2) does not get past it (tcp(7)).</summary>
    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Relay_UrgentDataInBetween_ArrivesInItsPlace(RelayWay way)
    {
        const int Pieces = 16;
        const int Length = Pieces * 256 * 1024;
        using var pair = await RelayedPair.StartAsync(way);
        var data = TestData.Create(Length);
        var received = pair.Server.DrainAsync();
        for (var piece = 0; piece < Pieces; piece++)
        {
            var (start, end) = (piece * (Length / Pieces), (piece + 1) * (Length / Pieces));
            await pair.Client.SendAsync(data.AsMemory(start..(end - 1)));
            Assert.Equal(1, await pair.Client.Socket.SendAsync(data.AsMemory((end - 1)..end), SocketFlags.OutOfBand));
        }

        pair.Client.HalfClose();
        pair.Server.HalfClose();

        Assert.Equal(TransferResult.Complete(Length), await received);
        Assert.Equal(ConnectionEndReason.Completed, await pair.Relay);
    }

    [Fact]
    public async Task Relay_ClientResetsBehindItsEnd_ServerSeesAReset()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The Linux engine notices that at once.");
        using var pair = await RelayedPair.StartAsync(RelayWay.EventLoop);
        await pair.Client.SendAsync("request");
        pair.Client.HalfClose();
        Assert.Equal("request"u8.ToArray(), (await pair.Server.ReadToEndAsync()).Data);

        pair.Client.Reset();

        Assert.Equal(ConnectionEndReason.ClientReset, await pair.Relay);
        await Deadline.PollAsync(async () => !await pair.Server.TrySendAsync("answer"u8.ToArray()));
    }

    private static void AssertWhole(TransferResult transfer, ulong seed)
    {
        Assert.Equal(ReadEnd.Fin, transfer.End);
        Assert.Equal(LargeTransfer, transfer.Length);
        Assert.Equal(TestData.Hash(LargeTransfer, seed), transfer.Hash);
    }
}
