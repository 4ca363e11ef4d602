using System.Text.Json;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Streams;

public sealed class IperfTests
{
    private const string Host = "127.0.0.2";
    private const long Bytes = 512 * 1024 * 1024;

    [Theory, ClassData(typeof(Engines))]
    public async Task Stream_IperfOverTcp_MovesEverythingBothWays(string engine)
    {
        await using var server = await IperfServer.StartAsync();
        var port = FreePort.Next();
        await using var proxy = await StartProxyAsync(engine, server, port);
        var amount = $"{Bytes}";

        var up = await IperfServer.MeasureAsync(Host, port, "-n", amount, "-P", "4");
        var down = await IperfServer.MeasureAsync(Host, port, "-n", amount, "-P", "4", "-R");

        Assert.All(
            (JsonElement[])[up, down],
            end =>
            {
                // What is under way when the sender has sent it all is not always counted by the receiver.
                Assert.InRange(end.GetProperty("sum_sent").GetProperty("bytes").GetInt64(), Bytes, long.MaxValue);
                Assert.InRange(end.GetProperty("sum_received").GetProperty("bytes").GetInt64(), Bytes / 2, long.MaxValue);
            });
    }

    [Theory, ClassData(typeof(Engines))]
    public async Task Stream_IperfOverUdp_LosesNothingBothWays(string engine)
    {
        await using var server = await IperfServer.StartAsync();
        var port = FreePort.Next();
        await using var proxy = await StartProxyAsync(engine, server, port);

        // Slow enough for the system's buffers to hold what comes while other tests have the processors.
        var end = await IperfServer.MeasureAsync(Host, port, "-u", "--bidir", "-b", "2M", "-l", "1200", "-w", "1M", "-t", "3");

        foreach (var direction in (string[])["sum", "sum_bidir_reverse"])
        {
            var sum = end.GetProperty(direction);
            Assert.Equal(0, sum.GetProperty("lost_packets").GetInt64());
            Assert.InRange(sum.GetProperty("packets").GetInt64(), 500, long.MaxValue);
        }
    }

    // Its data takes the same port as its control connection, also over UDP.
    private static async Task<WmProxyProcess> StartProxyAsync(string engine, IperfServer server, int port)
    {
        var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "WmProxy": {
                "Engine": "{{engine}}",
                "Streams": {
                  "tcp": { "Listen": "tcp://{{Host}}:{{port}}", "To": "tcp://127.0.0.1:{{server.Port}}" },
                  "udp": { "Listen": "udp://{{Host}}:{{port}}", "To": "udp://127.0.0.1:{{server.Port}}" }
                }
              }
            }
            """);
        await proxy.Process.WaitForAsync($@"Listening udp://{Host}:{port}\b");
        await proxy.Process.WaitForAsync($@"Listening tcp://{Host}:{port}\b");
        return proxy;
    }
}
