using System;
using System.Net;
using System.Text;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.ForwardProxy;
using WmProxy.Socks;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Socks;

public sealed class SocksBindTests
{
    private static readonly ForwardProxyConfig Enabled = new() { ProxyId = "test", Bind = new SocksBindConfig { Enabled = true } };

    [Fact]
    public async Task Bind_PeerConnects_IsToldTwiceAndRelays()
    {
        await using var host = new SocksHost(Enabled);
        var (client, state, ended) = await host.ConnectAsync();
        using var connection = client;

        // Early data waits for the peer.
        await client.SendAsync((byte[])[5, 1, 0, .. Socks5HandlerTests.Request(2, IPAddress.Loopback, 0), .. "early"u8]);
        var listening = await ReadReplyAsync(client, 2);
        using var peer = await RawClient.ConnectAsync(listening);
        var told = await ReadReplyAsync(client, 0);

        Assert.Equal(peer.LocalEndPoint, told);
        Assert.Equal("early", Encoding.ASCII.GetString(await peer.ReadExactlyAsync(5)));
        await peer.SendAsync("file");
        Assert.Equal("file", Encoding.ASCII.GetString(await client.ReadExactlyAsync(4)));
        Assert.True(await RawClient.IsRefusedAsync(listening));
        peer.HalfClose();
        Assert.Equal(ReadEnd.Fin, (await client.ReadToEndAsync()).End);
        client.HalfClose();
        await ended.Within();
        Assert.Equal(ConnectionEndReason.Completed, state.EndReason);
        var judged = Assert.Single(host.Dialer.Judged);
        Assert.Equal((ForwardCommand.Bind, 0), (judged.Command, judged.Target.Port));
    }

    [Fact]
    public async Task Bind_SomebodyElseConnects_IsResetAndTheWaitGoesOn()
    {
        await using var host = new SocksHost(Enabled);
        var (client, _, _) = await host.ConnectAsync(SocksVersion.V4);
        using var connection = client;

        // The peer is 127.0.0.2, which is reached from 127.0.0.1.
        await client.SendAsync((byte[])[4, 2, 0, 21, 127, 0, 0, 2, 0]);
        var reply = await client.ReadExactlyAsync(8);
        var listening = new IPEndPoint(new IPAddress(reply.AsSpan(4, 4)), (reply[2] << 8) | reply[3]);
        Assert.Equal(0x5A, reply[1]);
        Assert.True(await IsResetAsync(listening));

        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        await socket.ConnectAsync(listening);

        var second = await client.ReadExactlyAsync(8);
        Assert.Equal("005A", Convert.ToHexString(second[..2]));
        Assert.Equal("7F000002", Convert.ToHexString(second[4..]));
    }

    [Fact]
    public async Task Bind_NobodyConnects_IsToldWhenTheTimeIsOver()
    {
        await using var host = new SocksHost(Enabled);
        var (client, state, ended) = await host.ConnectAsync();
        using var connection = client;

        await client.SendAsync((byte[])[5, 1, 0, .. Socks5HandlerTests.Request(2, IPAddress.Loopback, 21)]);
        var listening = await ReadReplyAsync(client, 2);
        host.Time.Advance(TimeSpan.FromMinutes(3));

        Assert.Equal("05060001" + "000000000000", Convert.ToHexString((await client.ReadToEndAsync()).Data));
        Assert.True(await RawClient.IsRefusedAsync(listening));
        client.Dispose();
        await ended.Within();
        Assert.Equal(ConnectionEndReason.ConnectTimeout, state.EndReason);
    }

    [Fact]
    public async Task Bind_ClientLeaves_NobodyListensAnyMore()
    {
        await using var host = new SocksHost(Enabled);
        var (client, state, ended) = await host.ConnectAsync();

        await client.SendAsync((byte[])[5, 1, 0, .. Socks5HandlerTests.Request(2, IPAddress.Loopback, 21)]);
        var listening = await ReadReplyAsync(client, 2);
        client.Dispose();

        await ended.Within();
        Assert.Equal(ConnectionEndReason.ClientGone, state.EndReason);
        Assert.True(await RawClient.IsRefusedAsync(listening));
    }

    [Theory]
    [InlineData("127.0.0.1", ForwardRefusal.RuleDenied, 2)]
    [InlineData("127.0.0.1", ForwardRefusal.GuardDenied, 2)]
    [InlineData("0.0.0.0", ForwardRefusal.None, 2)]
    internal async Task Bind_Denied_IsRefused(string peer, ForwardRefusal refusal, int reply)
    {
        await using var host = new SocksHost(Enabled);
        host.Dialer.Refuse = _ => refusal;
        var (client, state, ended) = await host.ConnectAsync();
        using var connection = client;

        await client.SendAsync((byte[])[5, 1, 0, .. Socks5HandlerTests.Request(2, IPAddress.Parse(peer), 21)]);

        Assert.Equal("0500" + $"05{reply:X2}0001" + "000000000000", Convert.ToHexString((await client.ReadToEndAsync()).Data));
        client.Dispose();
        await ended.Within();
        Assert.Equal(ConnectionEndReason.DestinationDenied, state.EndReason);
    }

    private static async Task<IPEndPoint> ReadReplyAsync(RawConnection client, int before)
    {
        var reply = (await client.ReadExactlyAsync(before + 10))[before..];
        Assert.Equal("05000001", Convert.ToHexString(reply[..4]));
        return new IPEndPoint(new IPAddress(reply.AsSpan(4, 4)), (reply[8] << 8) | reply[9]);
    }

    // The reset may be there before the connect is told of its success.
    private static async Task<bool> IsResetAsync(EndPoint endPoint)
    {
        try
        {
            using var stranger = await RawClient.ConnectAsync(endPoint);
            return (await stranger.ReadToEndAsync()).End == ReadEnd.Reset;
        }
        catch (System.Net.Sockets.SocketException ex)
        {
            return ex.SocketErrorCode == System.Net.Sockets.SocketError.ConnectionReset;
        }
    }
}
