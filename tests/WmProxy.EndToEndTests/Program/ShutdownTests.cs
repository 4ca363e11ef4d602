using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Program;

public sealed class ShutdownTests
{
    // More than the buffers of the system hold on the way, so that the transfer cannot end before the client reads on.
    private const long Length = 64 * 1024 * 1024;

    [Fact]
    public async Task Terminate_TransferUnderWay_FinishesItRefusesNewOnesAndExitsWithZero()
    {
        await using var source = new SourceServer(Length);
        await using var proxy = await StartAsync(source.Address);
        using var client = await proxy.ConnectAsync("127.0.0.2");
        await source.AcceptedAsync();

        proxy.Process.Send(Signal.Terminate);
        await Deadline.PollAsync(() => RawClient.IsRefusedAsync(proxy.EndPoint("127.0.0.2")));
        var transfer = await client.DrainAsync();
        client.HalfClose();

        Assert.Equal(TransferResult.Complete(Length), transfer);
        Assert.Equal(0, await proxy.Process.ExitAsync());
    }

    [Fact]
    public async Task Terminate_NothingUnderWay_ExitsWithZeroAtOnce()
    {
        await using var source = new SourceServer(Length);
        await using var proxy = await StartAsync(source.Address);

        proxy.Process.Send(Signal.Terminate);

        // DrainTimeout is far longer than the deadline.
        Assert.Equal(0, await proxy.Process.ExitAsync());
    }

    [Fact]
    public async Task Terminate_Twice_StopsAtOnceAndCutsVisibly()
    {
        await using var source = new SourceServer(Length);
        await using var proxy = await StartAsync(source.Address);
        using var client = await proxy.ConnectAsync("127.0.0.2");
        await source.AcceptedAsync();
        proxy.Process.Send(Signal.Terminate);
        await Deadline.PollAsync(() => RawClient.IsRefusedAsync(proxy.EndPoint("127.0.0.2")));

        proxy.Process.Send(Signal.Terminate);
        await proxy.Process.ExitAsync();
        var transfer = await client.DrainAsync();

        Assert.Equal(ReadEnd.Reset, transfer.End);
        Assert.True(transfer.Length < Length);
    }

    private static Task<WmProxyProcess> StartAsync(string destination) => WmProxyProcess.StartAsync($$"""
        { "WmProxy": { "DrainTimeout": "1h", "Streams": { "download": { "Listen": "tcp://127.0.0.2:0", "To": "{{destination}}" } } } }
        """);
}
