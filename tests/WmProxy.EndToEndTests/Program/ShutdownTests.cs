using System;
using System.Net.WebSockets;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Program;

public sealed class ShutdownTests
{
    // More than the buffers of the system hold on the way, so that the transfer cannot end before the client reads on.
    private const long Length = 64 * 1024 * 1024;

    [Theory, ClassData(typeof(Engines))]
    public async Task Terminate_TransferUnderWay_FinishesItRefusesNewOnesAndExitsWithZero(string engine)
    {
        await using var source = new SourceServer(Length);
        await using var proxy = await StartAsync(source.Address, engine);
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

    [Theory, ClassData(typeof(Engines))]
    public async Task Terminate_Twice_StopsAtOnceAndCutsVisibly(string engine)
    {
        await using var source = new SourceServer(Length);
        await using var proxy = await StartAsync(source.Address, engine);
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

    [Theory, ClassData(typeof(Engines))]
    public async Task Terminate_DrainTimeoutPasses_CutsVisiblyAndExitsWithZero(string engine)
    {
        await using var source = new SourceServer(Length);
        await using var proxy = await StartAsync(source.Address, engine, drainTimeout: "1s");
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

    [Theory, ClassData(typeof(Engines))]
    public async Task Terminate_EverythingUnderWay_EndsTheIdleAtOnceAndLetsTheRestFinish(string engine)
    {
        await using var echo = new EchoServer();
        var finish = new TaskCompletionSource();
        await using var backend = await KestrelBackend.StartAsync(app =>
        {
            app.UseWebSockets();
            app.Map("/ws", WebSocketEcho.RunAsync);
            app.Map("/slow", async context =>
            {
                await context.Response.WriteAsync("first ");
                await context.Response.Body.FlushAsync();
                await finish.Task;
                await context.Response.WriteAsync("last");
            });
            app.Map("/", () => "quick");
        });
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "Kestrel": { "Endpoints": { "http": { "Url": "http://127.0.0.2:0" } } },
              "ReverseProxy": {
                "Routes": { "all": { "ClusterId": "backend", "Match": { "Path": "/{**path}" } } },
                "Clusters": { "backend": { "Destinations": { "1": { "Address": "{{backend.Address}}" } } } }
              },
              "WmProxy": {
                "Engine": "{{engine}}", "DrainTimeout": "1h", "Streams": { "echo": { "Listen": "tcp://127.0.0.3:0", "To": "{{echo.Address}}" } }
              }
            }
            """);
        using var deadline = new CancellationTokenSource(Deadline.Default);
        using var idle = await proxy.ConnectAsync("127.0.0.2");
        await idle.SendAsync("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        await idle.ReadUntilAsync("quick");
        using var download = await proxy.ConnectAsync("127.0.0.2");
        await download.SendAsync("GET /slow HTTP/1.1\r\nHost: test\r\n\r\n");
        await download.ReadUntilAsync("first ");
        using var webSocket = new ClientWebSocket();
        await webSocket.ConnectAsync(new Uri($"ws://{proxy.Authority("127.0.0.2")}/ws"), deadline.Token);
        await WebSocketEcho.AssertEchoesAsync(webSocket, deadline.Token);
        using var stream = await proxy.ConnectAsync("127.0.0.3");
        await AssertEchoesAsync(stream);

        proxy.Process.Send(Signal.Terminate);
        await Deadline.PollAsync(() => RawClient.IsRefusedAsync(proxy.EndPoint("127.0.0.2")));
        await Deadline.PollAsync(() => RawClient.IsRefusedAsync(proxy.EndPoint("127.0.0.3")));

        Assert.Equal(ReadEnd.Fin, (await idle.ReadToEndAsync()).End);
        await WebSocketEcho.AssertEchoesAsync(webSocket, deadline.Token);
        await AssertEchoesAsync(stream);
        finish.SetResult();
        var rest = await download.ReadToEndAsync();
        Assert.Equal(ReadEnd.Fin, rest.End);
        Assert.EndsWith("last\r\n0\r\n\r\n", rest.Text, StringComparison.Ordinal);

        await webSocket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, deadline.Token);
        stream.HalfClose();
        Assert.Equal(ReadEnd.Fin, (await stream.ReadToEndAsync()).End);
        Assert.Equal(0, await proxy.Process.ExitAsync());
    }

    [Theory, ClassData(typeof(Engines))]
    public async Task Terminate_UdpSession_GoesOnWhileItIsUsedAndNoOtherBegins(string engine)
    {
        await using var echo = new UdpEchoServer();
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "WmProxy": {
                "Engine": "{{engine}}", "DrainTimeout": "1h", "Streams": { "udp": { "Listen": "udp://127.0.0.2:0", "To": "{{echo.Address}}" } }
              }
            }
            """);
        using var client = new UdpEchoClient(proxy.EndPoint("127.0.0.2"));
        using var newcomer = new UdpEchoClient(proxy.EndPoint("127.0.0.2"));
        await client.AssertEchoesAsync();

        proxy.Process.Send(Signal.Terminate);
        await Deadline.PollAsync(async () =>
        {
            await client.AssertEchoesAsync();
            using var other = new UdpEchoClient(proxy.EndPoint("127.0.0.2"));
            return !await other.TryEchoAsync();
        });

        await client.AssertEchoesAsync();
        Assert.False(await newcomer.TryEchoAsync());
        Assert.Equal(0, await proxy.Process.ExitAsync());
    }

    [Theory]
    [InlineData(Signal.Terminate, 143)]
    [InlineData(Signal.Interrupt, 130)]
    public async Task Stop_Twice_ExitsAtOnceWithTheSignalsCode(int signal, int exitCode)
    {
        await using var echo = new EchoServer();
        await using var proxy = await StartAsync(echo.Address);
        using var stream = await proxy.ConnectAsync("127.0.0.2");
        await AssertEchoesAsync(stream);

        proxy.Process.Send(signal);
        await Deadline.PollAsync(() => RawClient.IsRefusedAsync(proxy.EndPoint("127.0.0.2")));
        proxy.Process.Send(signal);

        Assert.Equal(exitCode, await proxy.Process.ExitAsync());
    }

    private static async Task AssertEchoesAsync(RawConnection connection)
    {
        await connection.SendAsync("ping");
        Assert.Equal("ping"u8.ToArray(), await connection.ReadExactlyAsync(4));
    }

    private static Task<WmProxyProcess> StartAsync(string destination, string engine = "Auto", string drainTimeout = "1h") => WmProxyProcess.StartAsync($$"""
        {
          "WmProxy": {
            "Engine": "{{engine}}", "DrainTimeout": "{{drainTimeout}}",
            "Streams": { "download": { "Listen": "tcp://127.0.0.2:0", "To": "{{destination}}" } }
          }
        }
        """);
}
