using System;
using System.Collections.Generic;
using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Program;

/// <summary>UDP sessions take descriptors as connections do, and clients need no permission to begin one.</summary>
public sealed class UdpExhaustionTests
{
    [Theory]
    [InlineData("Linux")]
    [InlineData("Portable")]
    public async Task Descriptors_FewerThanClients_DropsNewOnesAndRecovers(string engine)
    {
        var prlimit = ExternalTool.Require("prlimit", "util-linux");
        await using var echo = new UdpEchoServer();
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "WmProxy": { "Engine": "{{engine}}", "Streams": { "echo": { "Listen": "udp://127.0.0.3:0", "To": "{{echo.Address}}", "IdleTimeout": "2s" } } }
            }
            """);
        using var served = new UdpPeer();
        await AssertEchoesAsync(served, proxy);
        var limited = await prlimit.RunAsync(["--nofile=256:256", "--pid", proxy.Process.Id.ToString(CultureInfo.InvariantCulture)]);
        Assert.True(limited.ExitCode == 0, limited.ToString());

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
        Assert.True(proxy.Process.Output.Count(new Regex("No socket for a session of echo")) < 20, proxy.Output);
    }

    private static async Task AssertEchoesAsync(UdpPeer peer, WmProxyProcess proxy) =>
        Assert.Equal("ping", (await peer.AskAsync("ping", proxy.EndPoint("127.0.0.3"))).Text);
}
