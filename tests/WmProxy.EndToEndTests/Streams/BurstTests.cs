using System;
using System.Linq;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Streams;

public sealed class BurstTests
{
    private const int Count = 5000;
    private const long AllowedEach = 20 * 1024;

    [Theory, ClassData(typeof(Engines))]
    public async Task Stream_FiveThousandConnectsAtOnce_EveryoneIsServedAndNothingIsLeft(string engine)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Descriptors and memory are read from /proc.");
        await using var echo = new TestServerSocket(async (connection, cancellationToken) =>
        {
            var buffer = new byte[16];
            for (int count; (count = await connection.Socket.ReceiveAsync(buffer, cancellationToken)) > 0;)
            {
                await connection.Socket.SendAsync(buffer.AsMemory(0, count), cancellationToken);
            }
        });
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "WmProxy": {
                "Engine": "{{engine}}",
                "Streams": { "echo": { "Listen": "tcp://127.0.0.2:0", "To": "{{echo.Address}}", "ConnectTimeout": "30s" } }
              }
            }
            """);
        var process = proxy.Process.Id;
        foreach (var id in (int[])[process, Environment.ProcessId])
        {
            // Each has two ends of every connection.
            Assert.SkipUnless(ProcessUsage.DescriptorLimit(id) > (2 * Count) + 500, "ulimit -n is too low.");
        }

        using (var first = await proxy.ConnectAsync("127.0.0.2"))
        {
            await AssertEchoesAsync(first, 0);
        }

        await Deadline.PollAsync(() => Task.FromResult(echo.OpenCount == 0));
        var (descriptors, memory) = (ProcessUsage.Descriptors(process), ProcessUsage.Memory(process));
        var crowd = new RawConnection?[Count];
        try
        {
            await Task.WhenAll(Enumerable.Range(0, Count).Select(async number =>
            {
                // A full queue drops the first packet of some; the system sends it again after a second.
                crowd[number] = await proxy.ConnectAsync("127.0.0.2");
                await AssertEchoesAsync(crowd[number]!, number);
            }));

            Assert.Equal(Count, echo.OpenCount);
            var each = (ProcessUsage.Memory(process) - memory) / Count;
            Assert.True(each <= AllowedEach, $"{each} bytes for a connection");

            // Those that came first are still served.
            await Task.WhenAll(crowd.Select((connection, number) => AssertEchoesAsync(connection!, Count + number)));
        }
        finally
        {
            foreach (var connection in crowd)
            {
                connection?.Reset();
            }
        }

        await Deadline.PollAsync(() => Task.FromResult(ProcessUsage.Descriptors(process) <= descriptors));
        await Deadline.PollAsync(() => Task.FromResult(echo.OpenCount == 0));
        using var last = await proxy.ConnectAsync("127.0.0.2");
        await AssertEchoesAsync(last, 1);
    }

    private static async Task AssertEchoesAsync(RawConnection connection, int number)
    {
        await connection.SendAsync(BitConverter.GetBytes(number));
        Assert.Equal(number, BitConverter.ToInt32(await connection.ReadExactlyAsync(sizeof(int))));
    }
}
