using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Program;

public sealed class RestartTests
{
    [Fact]
    public async Task Kill_TenTimesWithLiveConnections_BindsAtOnceEachTime()
    {
        await using var echo = new EchoServer();
        using var folder = new TempDirectory();
        var (stream, http) = (FreePort.Next(), FreePort.Next());
        folder.Write("appsettings.json", $$"""
            {
              "Kestrel": { "Endpoints": { "web": { "Url": "http://127.0.0.1:{{http}}" } } },
              "WmProxy": {
                "StaticResponses": { "ok": { "Match": { "Path": "/ok" }, "Body": "fine" } },
                "Streams": {
                  "tcp": { "Listen": "tcp://127.0.0.1:{{stream}}", "To": "{{echo.Address}}" },
                  "unix": { "Listen": "unix:{{folder.Combine("s")}}", "To": "{{echo.Address}}" }
                }
              }
            }
            """);
        for (var round = 0; round < 10; round++)
        {
            await using var proxy = WmProxyProcess.Start(folder, "run");
            await proxy.WaitForPortAsync(stream.ToString(System.Globalization.CultureInfo.InvariantCulture));
            var live = await RawClient.ConnectAsync(stream);
            await AssertEchoesAsync(live);
            using (var unix = await RawClient.ConnectAsync($"unix:{folder.Combine("s")}"))
            {
                await AssertEchoesAsync(unix);
            }

            Assert.Equal("fine", (await Curl.RunAsync($"http://127.0.0.1:{http}/ok")).Output);

            proxy.Process.Send(Signal.Kill);
            Assert.Equal(128 + Signal.Kill, await proxy.Process.ExitAsync());

            // The killed end closed first, so the connection waits on the listener's port when the client has closed, too.
            Assert.NotEqual(ReadEnd.Open, (await live.ReadToEndAsync()).End);
            live.Dispose();
            await Deadline.PollAsync(() => Task.FromResult(ProcessUsage.TimeWaits(stream) > 0));
        }
    }

    private static async Task AssertEchoesAsync(RawConnection connection)
    {
        await connection.SendAsync("ping");
        Assert.Equal("ping"u8.ToArray(), await connection.ReadExactlyAsync(4));
    }
}
