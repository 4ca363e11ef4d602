using System;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Kit;

public sealed class FaultInterposerTests
{
    [Theory]
    [InlineData(FaultMode.Pass, 2_000_000)]
    [InlineData(FaultMode.Dribble, 500)]
    public async Task Pass_Echo_LosesNothingAndPassesTheEndOn(FaultMode mode, int length)
    {
        await using var echo = new EchoServer();
        await using var interposer = new FaultInterposer(echo.EndPoint);
        interposer.Set(mode);
        using var client = await RawClient.ConnectAsync(interposer.EndPoint);

        var receiving = client.DrainAsync();
        await client.SendTestDataAsync(length);
        client.HalfClose();

        Assert.Equal(TransferResult.Complete(length), await receiving);
    }

    [Fact]
    public async Task Pass_ServerResets_ClientSeesReset()
    {
        await using var server = new ScriptedPeer(script => script.Read(1).Reset());
        await using var interposer = new FaultInterposer(server.EndPoint);
        using var client = await RawClient.ConnectAsync(interposer.EndPoint);
        await client.SendAsync("x");

        Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
    }

    [Fact]
    public async Task Drop_OneDirection_SwallowsItsBytesAndLetsTheOtherPass()
    {
        await using var server = new ScriptedPeer(script => script.Write("hello").ReadToEnd());
        await using var interposer = new FaultInterposer(server.EndPoint);
        using var client = await RawClient.ConnectAsync(interposer.EndPoint);
        Assert.Equal("hello"u8.ToArray(), await client.ReadExactlyAsync(5));
        var atServer = await server.AcceptedAsync();

        interposer.Set(FaultMode.Drop, FaultDirection.ToServer);
        await client.SendAsync("lost");
        await atServer.SendAsync("still here");

        Assert.Equal("still here"u8.ToArray(), await client.ReadExactlyAsync(10));
        Assert.Equal(0, atServer.Socket.Available);
    }

    [Fact]
    public async Task Stall_ThenPass_DeliversWhatWasHeld()
    {
        await using var echo = new EchoServer();
        await using var interposer = new FaultInterposer(echo.EndPoint);
        using var client = await RawClient.ConnectAsync(interposer.EndPoint);
        await client.SendAsync("a");
        await client.ReadExactlyAsync(1);

        interposer.Set(FaultMode.Stall);
        await client.SendAsync("held");
        var reply = client.ReadExactlyAsync(4);
        Assert.False(reply.IsCompleted);
        interposer.Set(FaultMode.Pass);

        Assert.Equal("held"u8.ToArray(), await reply);
    }

    [Fact]
    public async Task Stall_BulkSender_IsHeldBack()
    {
        await using var sink = new SinkServer();
        await using var interposer = new FaultInterposer(sink.EndPoint);
        interposer.Set(FaultMode.Stall);
        using var client = await RawClient.ConnectAsync(interposer.EndPoint);
        client.Socket.SendBufferSize = 64 * 1024;
        const long Length = 64 * 1024 * 1024;

        var sending = client.SendTestDataAsync(Length);
        Assert.False(sending.IsCompleted);
        interposer.Set(FaultMode.Pass);
        Assert.Equal(Length, await sending);
        client.HalfClose();

        Assert.Equal(TransferResult.Complete(Length), await sink.ResultAsync());
    }

    [Fact]
    public async Task HalfClose_ToClient_ClientSeesFinAndTheOtherDirectionGoesOn()
    {
        await using var sink = new SinkServer();
        await using var interposer = new FaultInterposer(sink.EndPoint);
        using var client = await RawClient.ConnectAsync(interposer.EndPoint);
        await sink.AcceptedAsync();

        interposer.Set(FaultMode.HalfClose, FaultDirection.ToClient);
        Assert.Equal(ReadEnd.Fin, (await client.ReadToEndAsync()).End);
        await client.SendTestDataAsync(100_000);
        client.HalfClose();

        Assert.Equal(TransferResult.Complete(100_000), await sink.ResultAsync());
    }

    [Fact]
    public async Task Reset_OpenConnection_BothEndsSeeIt()
    {
        await using var sink = new SinkServer();
        await using var interposer = new FaultInterposer(sink.EndPoint);
        using var client = await RawClient.ConnectAsync(interposer.EndPoint);
        await sink.AcceptedAsync();

        interposer.Set(FaultMode.Reset);

        Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
        Assert.Equal(ReadEnd.Reset, (await sink.ResultAsync()).End);
    }

    [Fact]
    public async Task Within_TaskThatHangs_NamesIt()
    {
        var never = new TaskCompletionSource();

        var error = await Assert.ThrowsAsync<TimeoutException>(() => never.Task.Within(TimeSpan.FromMilliseconds(1)));

        Assert.Contains("never.Task", error.Message, StringComparison.Ordinal);
    }
}
