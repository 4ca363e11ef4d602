using System;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
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

    [Fact]
    public async Task Terminate_DrainTimeoutPasses_CutsVisiblyAndExitsWithZero()
    {
        await using var source = new SourceServer(Length);
        await using var proxy = await StartAsync(source.Address, drainTimeout: "1s");
        using var client = await proxy.ConnectAsync("127.0.0.2");
        await source.AcceptedAsync();

        proxy.Process.Send(Signal.Terminate);
        Assert.Equal(0, await proxy.Process.ExitAsync());
        var transfer = await client.DrainAsync();

        Assert.Equal(ReadEnd.Reset, transfer.End);
        Assert.True(transfer.Length < Length);
    }

    [Fact]
    public async Task Terminate_HttpDownloadUnderWay_FinishesItAndExitsWithZero()
    {
        await using var backend = await KestrelBackend.StartAsync(app => app.Run(async context =>
        {
            context.Response.ContentLength = Length;
            var piece = new byte[64 * 1024];
            for (var offset = 0L; offset < Length; offset += piece.Length)
            {
                TestData.Fill(piece, offset, seed: 1);
                await context.Response.Body.WriteAsync(piece, context.RequestAborted);
            }
        }));
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "Kestrel": { "Endpoints": { "http": { "Url": "http://127.0.0.2:0" } } },
              "ReverseProxy": {
                "Routes": { "all": { "ClusterId": "backend", "Match": { "Path": "/{**path}" } } },
                "Clusters": { "backend": { "Destinations": { "1": { "Address": "{{backend.Address}}" } } } }
              },
              "WmProxy": { "DrainTimeout": "1h" }
            }
            """);
        using var client = await proxy.ConnectAsync("127.0.0.2");
        await client.SendAsync("GET /large HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);

        proxy.Process.Send(Signal.Terminate);
        await Deadline.PollAsync(() => RawClient.IsRefusedAsync(proxy.EndPoint("127.0.0.2")));
        var transfer = await client.DrainAsync();

        Assert.Equal(TransferResult.Complete(Length), transfer);
        Assert.Equal(0, await proxy.Process.ExitAsync());
    }

    private static Task<WmProxyProcess> StartAsync(string destination, string drainTimeout = "1h") => WmProxyProcess.StartAsync($$"""
        { "WmProxy": { "DrainTimeout": "{{drainTimeout}}", "Streams": { "download": { "Listen": "tcp://127.0.0.2:0", "To": "{{destination}}" } } } }
        """);
}
