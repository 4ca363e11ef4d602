using System;
using System.Collections.Generic;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Program;

/// <summary>UDP sessions take descriptors as connections do, and clients need no permission to begin one.</summary>
public sealed class UdpExhaustionTests
{
    [Theory, ClassData(typeof(Engines))]
    public async Task Descriptors_FewerThanClients_DropsNewOnesWithoutSpinningAndRecovers(string engine)
    {
        await using var echo = new UdpEchoServer();
        await using var tcpEcho = new EchoServer();
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "WmProxy": {
                "Engine": "{{engine}}",
                "Streams": {
                  "tcp": { "Listen": "tcp://127.0.0.2:0", "To": "{{tcpEcho.Address}}" },
                  "echo": { "Listen": "udp://127.0.0.3:0", "To": "{{echo.Address}}", "IdleTimeout": "2s" },
                  "patient": { "Listen": "udp://127.0.0.4:0", "To": "{{echo.Address}}" }
                }
              }
            }
            """);
        using var served = new UdpPeer();
        await AssertEchoesAsync(served, proxy);
        await Scarcity.LimitDescriptorsAsync(proxy, 256);

        var crowd = new List<UdpPeer>();
        try
        {
            for (var number = 0; number < 400; number++)
            {
                crowd.Add(new UdpPeer());
                crowd[^1].Send("me too", proxy.EndPoint("127.0.0.3"));
            }

            await proxy.Process.WaitForAsync("No socket for a session of echo");
            Assert.InRange(echo.Senders.Count, 2, 256);

            // Whoever has a session goes on.
            await AssertEchoesAsync(served, proxy);
            await Scarcity.AssertRestsAsync(proxy);
            await AssertEchoesAsync(served, proxy);
        }
        finally
        {
            crowd.ForEach(peer => peer.Dispose());
        }

        using var later = new UdpPeer();
        await Deadline.PollAsync(async () =>
        {
            // The crowd's sessions are over when nothing has moved for two seconds.
            await AssertEchoesAsync(served, proxy);
            later.Send("now?", proxy.EndPoint("127.0.0.3"));
            return later.Socket.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectRead);
        });
        using (var connection = await proxy.ConnectAsync("127.0.0.2"))
        {
            await connection.SendAsync("ping");
            Assert.Equal("ping"u8.ToArray(), await connection.ReadExactlyAsync(4));
        }

        Assert.True(proxy.Process.Output.Count(new Regex("No socket for a session of echo")) < 20, proxy.Output);
    }

    private static async Task AssertEchoesAsync(UdpPeer peer, WmProxyProcess proxy) =>
        Assert.Equal("ping", (await peer.AskAsync("ping", proxy.EndPoint("127.0.0.4"))).Text);
}
