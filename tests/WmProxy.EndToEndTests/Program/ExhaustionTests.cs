using System.Collections.Generic;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Program;

/// <summary>A process without free descriptors serves whom it has, waits without spinning, and recovers by itself.</summary>
public sealed class ExhaustionTests
{
    [Theory, ClassData(typeof(Engines))]
    public async Task Descriptors_FewerThanConnections_WaitsWithoutSpinningAndRecovers(string engine)
    {
        await using var echo = new EchoServer();
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "Kestrel": { "Endpoints": { "web": { "Url": "http://127.0.0.2:0" } } },
              "WmProxy": {
                "Engine": "{{engine}}",
                "StaticResponses": { "ok": { "Match": { "Path": "/ok" }, "Body": "fine" } },
                "Streams": { "echo": { "Listen": "tcp://127.0.0.3:0", "To": "{{echo.Address}}" } }
              }
            }
            """);
        using var served = await proxy.ConnectAsync("127.0.0.3");
        await AssertEchoesAsync(served);
        Assert.Equal("fine", (await Curl.RunAsync($"http://{proxy.Authority("127.0.0.2")}/ok")).Output);
        await Scarcity.LimitDescriptorsAsync(proxy, 256);

        var crowd = new List<RawConnection>();
        try
        {
            for (var number = 0; number < 400; number++)
            {
                // The system takes them into its queue, whether the program can accept them or not. Some of them speak HTTP.
                crowd.Add(await proxy.ConnectAsync(number % 8 == 0 ? "127.0.0.2" : "127.0.0.3"));
            }

            await proxy.Process.WaitForAsync("Accepting on .* fails");
            await AssertEchoesAsync(served);
            await Scarcity.AssertRestsAsync(proxy);
            await AssertEchoesAsync(served);
        }
        finally
        {
            crowd.ForEach(connection => connection.Dispose());
        }

        await Deadline.PollAsync(async () => (await Curl.RunAsync("--max-time", "2", $"http://{proxy.Authority("127.0.0.2")}/ok")).Output == "fine");
        await Deadline.PollAsync(() => TryEchoAsync(proxy));
        await AssertEchoesAsync(served);
        Assert.True(proxy.Process.Output.Length < 50, proxy.Output);
    }

    private static async Task<bool> TryEchoAsync(WmProxyProcess proxy)
    {
        using var connection = await proxy.ConnectAsync("127.0.0.3");
        return await connection.TrySendAsync("ping"u8.ToArray()) && (await connection.ReceiveAsync(new byte[4])).Count > 0;
    }

    private static async Task AssertEchoesAsync(RawConnection connection)
    {
        await connection.SendAsync("ping");
        Assert.Equal("ping"u8.ToArray(), await connection.ReadExactlyAsync(4));
    }
}
