using System;
using System.Net;
using System.Text;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.ForwardProxy;
using WmProxy.Socks;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Socks;

public sealed class Socks4HandlerTests
{
    [Fact]
    public async Task Connect_ByAddressWithEarlyData_RelaysAndTellsTheAddressItUses()
    {
        await using var echo = new EchoServer();
        await using var host = new SocksHost();
        var (client, state, ended) = await host.ConnectAsync(SocksVersion.V4);
        using var connection = client;

        await client.SendAsync((byte[])[.. Request(1, "7F000001", echo.Port), .. "me\0early"u8]);
        client.HalfClose();

        var (data, end) = await client.ReadToEndAsync();
        Assert.Equal("005A", Convert.ToHexString(data[..2]));
        Assert.Equal("7F000001", Convert.ToHexString(data[4..8]));
        Assert.Equal("early", Encoding.ASCII.GetString(data[8..]));
        Assert.Equal(ReadEnd.Fin, end);
        await ended.Within();
        Assert.Equal(ConnectionEndReason.Completed, state.EndReason);
    }

    [Fact]
    public async Task Connect_ByNameByteByByte_LeavesTheNameToTheDialer()
    {
        await using var echo = new EchoServer();
        await using var host = new SocksHost();
        host.Dialer.Names["example.com"] = [IPAddress.Loopback];
        var (client, _, _) = await host.ConnectAsync(SocksVersion.V4);
        using var connection = client;

        await client.DribbleAsync((byte[])[.. Request(1, "00000001", echo.Port), .. "me\0example.com\0"u8]);

        Assert.Equal("005A", Convert.ToHexString((await client.ReadExactlyAsync(8))[..2]));
        var target = Assert.Single(host.Dialer.Dialled).Target;
        Assert.Equal(("example.com", null), (target.Host, target.Address));
    }

    [Fact]
    public async Task Connect_WhereThereAreUsers_IsRefusedUndialled()
    {
        await using var host = new SocksHost(Socks5HandlerTests.WithUsers());
        var (client, state, ended) = await host.ConnectAsync(SocksVersion.V4);
        using var connection = client;

        await client.SendAsync((byte[])[.. Request(1, "7F000001", 9), .. "alice\0"u8]);

        var (data, end) = await client.ReadToEndAsync();
        Assert.Equal(("005D000000000000", ReadEnd.Fin), (Convert.ToHexString(data), end));
        client.Dispose();
        await ended.Within();
        Assert.Equal(ConnectionEndReason.AuthenticationFailed, state.EndReason);
        Assert.Empty(host.Dialer.Dialled);
    }

    [Theory]
    [InlineData(0, "7F000001", 9)]
    [InlineData(2, "7F000001", 9)]
    [InlineData(3, "7F000001", 9)]
    [InlineData(255, "7F000001", 9)]
    [InlineData(1, "7F000001", 0)]
    public async Task Request_OfNoUse_IsRejected(int command, string address, int port)
    {
        await using var host = new SocksHost();
        var (client, _, ended) = await host.ConnectAsync(SocksVersion.V4);
        using var connection = client;

        await client.SendAsync((byte[])[.. Request((byte)command, address, port), 0]);

        var (data, end) = await client.ReadToEndAsync();
        Assert.Equal(("005B000000000000", ReadEnd.Fin), (Convert.ToHexString(data), end));
        client.Dispose();
        await ended.Within();
        Assert.Empty(host.Dialer.Dialled);
    }

    [Fact]
    public async Task Connect_Refused_IsRejected()
    {
        await using var host = new SocksHost();
        host.Dialer.Refuse = _ => ForwardRefusal.RuleDenied;
        var (client, state, ended) = await host.ConnectAsync(SocksVersion.V4);
        using var connection = client;

        await client.SendAsync((byte[])[.. Request(1, "7F000001", 9), 0]);

        Assert.Equal("005B000000000000", Convert.ToHexString((await client.ReadToEndAsync()).Data));
        client.Dispose();
        await ended.Within();
        Assert.Equal(ConnectionEndReason.DestinationDenied, state.EndReason);
    }

    private static byte[] Request(byte command, string address, int port) => [4, command, (byte)(port >> 8), (byte)port, .. Convert.FromHexString(address)];
}
