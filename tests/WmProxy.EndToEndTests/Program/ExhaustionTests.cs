using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Text.RegularExpressions;
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
        var shortage = Stopwatch.StartNew();
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
        AssertSaysSoAndNotTooOften(proxy, shortage.Elapsed);
    }

    // Every socket that accepts says so once in ten seconds at most, and tries ten times a second: one for HTTP, and one on each loop for streams.
    private static void AssertSaysSoAndNotTooOften(WmProxyProcess proxy, TimeSpan elapsed)
    {
        var most = (Environment.ProcessorCount + 1) * (1 + (int)(elapsed / TimeSpan.FromSeconds(10)));
        var count = proxy.Process.Output.Count(new Regex("Accepting on .* fails"));
        Assert.True(count >= 1 && count <= most, $"{count} times, where {most} are to be expected at most, in\n{proxy.Output}");
        Assert.DoesNotContain("   at ", proxy.Output, StringComparison.Ordinal);
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
