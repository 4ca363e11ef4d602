using System;
using System.Buffers.Binary;
using System.Net;
using System.Text;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;
using static WmProxy.EndToEndTests.ForwardProxy.ForwardProxyFixture;

namespace WmProxy.EndToEndTests.ForwardProxy;

public sealed class UdpAssociateTests(ForwardProxyFixture fixture) : IClassFixture<ForwardProxyFixture>
{
    [Fact]
    public async Task Dns_QueriesByAddressAndByName_AreAnswered()
    {
        var dnsmasq = ExternalTool.Require("dnsmasq", "dnsmasq-base");
        using var folder = new TempDirectory();
        var port = FreePort.NextUdp();
        await using var server = await dnsmasq.StartAsync(
            [
                "--no-daemon", "--conf-file=/dev/null", $"--port={port}", "--listen-address=127.0.0.1", "--bind-interfaces", "--no-resolv", "--no-hosts",
                "--user=", "--group=", "--address=/a.example/192.0.2.7",
            ],
            folder.Path,
            "started, version");
        using var client = await SocksUdpAssociation.StartAsync(fixture.Proxy.EndPoint(Private), ("alice", "open sesame"));

        for (ushort id = 1; id <= 20; id++)
        {
            var query = Query(id, "a.example");
            if (id % 2 == 0)
            {
                client.Send(query, "localhost", port);
            }
            else
            {
                client.Send(query, new IPEndPoint(IPAddress.Loopback, port));
            }

            var answer = await client.ReceiveAsync();

            Assert.Equal(new IPEndPoint(IPAddress.Loopback, port), answer.From);
            Assert.Equal(id, BinaryPrimitives.ReadUInt16BigEndian(answer.Payload));
            Assert.Equal(new IPAddress([192, 0, 2, 7]), new IPAddress(answer.Payload.AsSpan()[^4..]));
        }
    }

    [Fact]
    public async Task Dns_ServerIsGone_TheAssociationGoesOn()
    {
        using var server = new UdpPeer();
        using var client = await SocksUdpAssociation.StartAsync(fixture.Proxy.EndPoint(Open));

        client.Send("lost"u8, new IPEndPoint(IPAddress.Loopback, FreePort.NextUdp()));
        client.Send("hello"u8, server.EndPoint);
        var arrived = await server.ReceiveAsync();
        server.Send("welcome", arrived.From);

        Assert.Equal("hello", arrived.Text);
        Assert.Equal("welcome", (await client.ReceiveAsync()).Text);
    }

    // RFC 1035 section 4: one question, recursion desired.
    private static byte[] Query(ushort id, string name)
    {
        byte[] query = [(byte)(id >> 8), (byte)id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        foreach (var label in name.Split('.'))
        {
            query = [.. query, (byte)label.Length, .. Encoding.ASCII.GetBytes(label)];
        }

        return [.. query, 0, 0, 1, 0, 1];
    }
}
