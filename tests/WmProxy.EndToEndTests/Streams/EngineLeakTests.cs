using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Streams;

/// <summary>What a hundred thousand have left behind shows what one has.</summary>
public sealed class EngineLeakTests
{
    private const int Count = 100_000;

    // The first ones pay for what stays: compiled code, pools, the size that the garbage collector's youngest generation settles at.
    private const int WarmUp = 10_000;

    // 168 bytes of each: less than a session, a socket, or a row of the table of connections.
    private const long Allowed = 16 * 1024 * 1024;

    // What is seen from outside is to be what is kept, not what waits to be collected: how much of that there may be is the processor's cache's size else.
    private static readonly Dictionary<string, string?> LittleGarbage = new() { ["DOTNET_GCGen0MaxBudget"] = "400000" };

    [Theory, ClassData(typeof(Engines))]
    public async Task Stream_HundredThousandConnections_LeaveNothing(string engine)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Descriptors and memory are read from /proc.");
        await using var echo = new BlockingEcho();
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            { "WmProxy": { "Engine": "{{engine}}", "Streams": { "echo": { "Listen": "tcp://127.0.0.2:0", "To": "{{echo.Address}}" } } } }
            """, environment: LittleGarbage);
        var target = proxy.EndPoint("127.0.0.2");

        await AssertLeavesNothingAsync(proxy, number => Connect(target, number));
    }

    [Theory, ClassData(typeof(Engines))]
    public async Task Stream_HundredThousandUdpSessions_LeaveNothing(string engine)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Descriptors and memory are read from /proc.");
        await using var echo = new BlockingUdpEcho();
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "WmProxy": {
                "Engine": "{{engine}}",
                "Streams": {
                  "answered": { "Listen": "udp://127.0.0.2:0", "To": "{{echo.Address}}", "Requests": 1, "Responses": 1 },
                  "idle": { "Listen": "udp://127.0.0.3:0", "To": "{{echo.Address}}", "IdleTimeout": "1s" }
                }
              }
            }
            """, environment: LittleGarbage);
        var answered = proxy.EndPoint("127.0.0.2");
        var idle = proxy.EndPoint("127.0.0.3");

        // One of forty ends by its time limit: as many as that are open at a time.
        await AssertLeavesNothingAsync(proxy, number => Ask(number % 40 == 0 ? idle : answered, number));
    }

    private static async Task AssertLeavesNothingAsync(WmProxyProcess proxy, Action<int> visit)
    {
        var process = proxy.Process.Id;
        var idle = ProcessUsage.Descriptors(process);
        await Crowd.RunAsync(WarmUp, visit);

        // A pool may keep a pipe or two.
        await Deadline.PollAsync(() => Task.FromResult(ProcessUsage.Descriptors(process) <= idle + 8));
        var (descriptors, memory) = (ProcessUsage.Descriptors(process), ProcessUsage.Memory(process));

        await Crowd.RunAsync(Count, visit);

        await Deadline.PollAsync(() => Task.FromResult(ProcessUsage.Descriptors(process) <= descriptors));
        for (var more = 0; more < 5 && ProcessUsage.Memory(process) - memory > Allowed; more++)
        {
            // What only waits to be collected will be, while others come; what has leaked stays.
            await Crowd.RunAsync(WarmUp, visit);
        }

        var grown = ProcessUsage.Memory(process) - memory;
        Assert.True(grown <= Allowed, $"{grown} bytes more after {Count}; {memory} before.\n{proxy.Output}");
    }

    private static void Connect(IPEndPoint target, int number)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = Milliseconds, SendTimeout = Milliseconds };
        socket.Connect(target);
        Echo(socket, number);
        if (number % 10 == 0)
        {
            // Not all of them: these keep their ports for a minute (TIME_WAIT).
            socket.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, socket.Receive(new byte[1]));
        }
        else
        {
            socket.LingerState = new LingerOption(true, 0);
        }
    }

    private static void Ask(IPEndPoint target, int number)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = Milliseconds };
        socket.Connect(target);
        Echo(socket, number);
    }

    private static void Echo(Socket socket, int number)
    {
        socket.Send(BitConverter.GetBytes(number));
        Span<byte> answer = stackalloc byte[8];
        Assert.Equal(sizeof(int), socket.Receive(answer));
        Assert.Equal(number, BitConverter.ToInt32(answer));
    }

    private static int Milliseconds => (int)Deadline.Default.TotalMilliseconds;
}
