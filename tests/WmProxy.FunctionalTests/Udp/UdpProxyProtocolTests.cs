using System;
using System.Buffers.Binary;
using System.Linq;
using System.Net;
using System.Text;
using System.Threading.Tasks;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Udp;

/// <summary>The PROXY header of a session (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, section 2.2).</summary>
public class UdpProxyProtocolTests
{
    [Theory]
    [InlineData("udp://127.0.0.1:0", "127.0.0.1")]
    [InlineData("udp://*:0", "127.0.0.1")]
    [InlineData("udp://*:0", "::1")]
    [InlineData("udp://[::1]:0", "::1")]
    public async Task Send_FirstDatagram_CarriesTheHeaderInFront(string listen, string client)
    {
        using var destination = new UdpPeer();
        await using var host = await StartAsync(listen, destination.Address);
        using var peer = new UdpPeer(client);
        var proxy = new IPEndPoint(IPAddress.Parse(client), ((IPEndPoint)host.EndPointOf("s")).Port);

        peer.Send("first", proxy);
        peer.Send("second", proxy);

        Assert.Equal(WithHeader(peer.EndPoint, proxy, "first"), (await destination.ReceiveAsync()).Payload);
        Assert.Equal("second", (await destination.ReceiveAsync()).Text);
    }

    [Fact]
    public async Task Send_Burst_HasOneHeader()
    {
        using var destination = new UdpPeer();
        await using var host = await StartAsync("udp://127.0.0.1:0", destination.Address);
        using var client = new UdpPeer();
        for (var i = 0; i < 20; i++)
        {
            client.Send($"{i:00}", host.EndPointOf("s"));
        }

        Assert.Equal(WithHeader(client.EndPoint, (IPEndPoint)host.EndPointOf("s"), "00"), (await destination.ReceiveAsync()).Payload);
        for (var i = 1; i < 20; i++)
        {
            Assert.Equal($"{i:00}", (await destination.ReceiveAsync()).Text);
        }
    }

    [Fact]
    public async Task Send_EmptyDatagram_IsTheHeaderAlone()
    {
        using var destination = new UdpPeer();
        await using var host = await StartAsync("udp://127.0.0.1:0", destination.Address);
        using var client = new UdpPeer();

        client.Send("", host.EndPointOf("s"));

        Assert.Equal(Header(client.EndPoint, (IPEndPoint)host.EndPointOf("s")), (await destination.ReceiveAsync()).Payload);
    }

    [Fact]
    public async Task Send_DatagramTooLargeWithTheHeader_IsDroppedAndTheNextOneCarriesIt()
    {
        using var destination = new UdpPeer();
        await using var host = await StartAsync("udp://127.0.0.1:0", destination.Address);
        using var records = new ConnectionRecords(host);
        using var client = new UdpPeer();

        client.Send(new byte[65507], host.EndPointOf("s"));
        await records.WaitForDroppedAsync("SendFailed", 1);
        client.Send("next", host.EndPointOf("s"));

        Assert.Equal(WithHeader(client.EndPoint, (IPEndPoint)host.EndPointOf("s"), "next"), (await destination.ReceiveAsync()).Payload);
        client.Send(new byte[65507], host.EndPointOf("s"));
        Assert.Equal(65507, (await destination.ReceiveAsync()).Payload.Length);

        // Counted once it is sent: the destination may have it before.
        await host.WaitForConnectionsAsync(connections => connections is [{ BytesUp: 4 + 65507 }]);
    }

    [Fact]
    public async Task Send_DestinationIsStartedAgain_GetsTheHeaderAgain()
    {
        var port = FreePort.NextUdp();
        await using var host = await StartAsync("udp://127.0.0.1:0", $"udp://127.0.0.1:{port}");
        using var client = new UdpPeer();
        using (var before = new UdpPeer(port: port))
        {
            client.Send("one", host.EndPointOf("s"));
            await before.ReceiveAsync();
        }

        // Refused, after which nothing is known there of any client.
        client.Send("lost", host.EndPointOf("s"));
        await Deadline.PollAsync(() => Task.FromResult(Destinations.Of(host, "s").Values.Single().Health.Passive != Yarp.ReverseProxy.Model.DestinationHealth.Unknown || TrySend(client, host)));
        using var after = new UdpPeer(port: port);
        client.Send("two", host.EndPointOf("s"));

        Assert.Equal(WithHeader(client.EndPoint, (IPEndPoint)host.EndPointOf("s"), "two"), (await after.ReceiveAsync()).Payload);
        Assert.Single(host.Connections.Connections);
    }

    private static bool TrySend(UdpPeer client, ProxyHost host)
    {
        client.Send("lost", host.EndPointOf("s"));
        return false;
    }

    private static byte[] WithHeader(IPEndPoint source, IPEndPoint destination, string payload) => [.. Header(source, destination), .. Encoding.UTF8.GetBytes(payload)];

    /// <summary>The header of a datagram, byte by byte: signature, version 2 and PROXY, AF_INET or AF_INET6 and DGRAM, length, addresses, ports.</summary>
    private static byte[] Header(IPEndPoint source, IPEndPoint destination)
    {
        var isIPv4 = source.Address.GetAddressBytes().Length == 4;
        var ports = new byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(ports, (ushort)source.Port);
        BinaryPrimitives.WriteUInt16BigEndian(ports.AsSpan(2), (ushort)destination.Port);
        return
        [
            0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, (byte)(isIPv4 ? 0x12 : 0x22), 0, (byte)(isIPv4 ? 12 : 36),
            .. source.Address.GetAddressBytes(), .. destination.Address.GetAddressBytes(), .. ports,
        ];
    }

    private static Task<ProxyHost> StartAsync(string listen, string to) => ProxyHost.StartAsync(
        $$"""{ "WmProxy": { "Streams": { "s": { "Listen": "{{listen}}", "To": "{{to}}", "ProxyProtocol": { "Send": "V2" } } } } }""");
}
