using System;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.ForwardProxy;

/// <summary>Who may go where: rules, egress guard, loops, and what a reload takes away.</summary>
public sealed partial class AccessTests
{
    private const string Proxy = "127.0.0.2";

    [Fact]
    public async Task Rules_ByUser_LetEachGoToItsOwn()
    {
        await using var echo = new EchoServer();
        await using var other = new EchoServer();
        await using var proxy = await WmProxyProcess.StartAsync(Config(
            """ "alice": { "Password": "a" }, "bob": { "Password": "b" } """,
            $$"""
            { "Action": "Deny", "Users": [ "bob" ], "Ports": [ "{{other.Port}}" ] },
            { "Action": "Allow", "Users": [ "bob" ], "Hosts": [ "127.0.0.1" ] },
            { "Action": "Allow", "Users": [ "alice" ], "Ports": [ "{{other.Port}}" ], "Commands": [ "Connect" ] }
            """));

        Assert.Equal(200, await StatusAsync(proxy, "bob:b", echo.Port));
        Assert.Equal(403, await StatusAsync(proxy, "bob:b", other.Port));
        Assert.Equal(200, await StatusAsync(proxy, "alice:a", other.Port));
        Assert.Equal(403, await StatusAsync(proxy, "alice:a", echo.Port));
        Assert.Equal(407, await StatusAsync(proxy, "alice:b", other.Port));
        Assert.Equal(407, await StatusAsync(proxy, "carol:a", other.Port));
        Assert.Equal((1, 1), (echo.AcceptedCount, other.AcceptedCount));
    }

    [Fact]
    public async Task Reload_UserIsGone_CutsThatUsersConnectionsAndNoOther()
    {
        await using var echo = new EchoServer();
        using var folder = new TempDirectory();
        const string Both = """ "alice": { "Password": "a" }, "bob": { "Password": "b" } """;
        await using var proxy = await WmProxyProcess.StartAsync(Config(Both, """{ "Action": "Allow" }"""), folder);
        using var alice = await TunnelAsync(proxy, "alice:a", echo.Port);
        using var bob = await TunnelAsync(proxy, "bob:b", echo.Port);
        using var bobsSocks = await SocksAsync(proxy, ("bob", "b"), echo.Port);
        using var alicesSocks = await SocksAsync(proxy, ("alice", "a"), echo.Port);

        folder.Replace("appsettings.json", Config(""" "alice": { "Password": "a" } """, """{ "Action": "Allow" }"""));

        Assert.Empty((await bob.ReadToEndAsync()).Data);
        Assert.Empty((await bobsSocks.ReadToEndAsync()).Data);
        await AssertEchoesAsync(alice);
        await AssertEchoesAsync(alicesSocks);
        Assert.Equal(407, await StatusAsync(proxy, "bob:b", echo.Port));
        Assert.Equal(200, await StatusAsync(proxy, "alice:a", echo.Port));
        await proxy.Process.WaitForAsync("user bob .*end AccessRevoked");
    }

    [Fact]
    public async Task Guard_ListenerBeyondLoopback_RefusesWhatIsTheProxysOwn()
    {
        await using var echo = new EchoServer();
        using var folder = new TempDirectory();
        var port = FreePort.Next();
        folder.Write("appsettings.json", $$"""
            { "WmProxy": { "ForwardProxies": { "open": { "Listen": "tcp://0.0.0.0:{{port}}", "Access": { "Allow": [ "127.0.0.0/8" ] } } } } }
            """);
        await using var proxy = WmProxyProcess.Start(folder, "run");
        await proxy.WaitForPortAsync($"{port}");

        foreach (var host in (string[])["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "0.0.0.0", "169.254.169.254", "[fe80::1]", "224.0.0.1", "255.255.255.255"])
        {
            using var connection = await RawClient.ConnectAsync(port);
            await connection.SendAsync($"CONNECT {host}:{echo.Port} HTTP/1.1\r\nHost: x\r\n\r\n");
            var answer = (await connection.ReadToEndAsync()).Text;
            Assert.True(answer.StartsWith("HTTP/1.1 403 ", StringComparison.Ordinal), $"{host}: {answer}");
        }

        var http = await Curl.RunAsync("--noproxy", "", "-o", "/dev/null", "-w", "%{http_code}", "--proxy", $"127.0.0.1:{port}", "http://169.254.169.254/latest/meta-data/");
        Assert.Equal("403", http.Output);
        using var socks = await RawClient.ConnectAsync(port);
        await socks.SendAsync((byte[])[5, 1, 0, 5, 1, 0, 1, 169, 254, 169, 254, 0, 80]);
        Assert.StartsWith("05000502", Convert.ToHexString((await socks.ReadToEndAsync()).Data), StringComparison.Ordinal);
        Assert.Equal(0, echo.AcceptedCount);
    }

    [Fact]
    public async Task Loop_ThroughItselfToItself_IsRefusedAtOnce()
    {
        await using var echo = new EchoServer();
        await using var proxy = await WmProxyProcess.StartAsync("""
            { "WmProxy": { "ForwardProxies": { "open": { "Listen": "tcp://127.0.0.2:0", "Protocols": [ "Http", "Connect", "Socks4", "Socks5" ], "Guard": "ReportOnly", "AccessLog": true } } } }
            """);
        var port = proxy.Port(Proxy);

        await AssertAnswerAsync(proxy, Encoding.ASCII.GetBytes($"CONNECT 127.0.0.2:{port} HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 508 "u8.ToArray());
        await AssertAnswerAsync(proxy, Encoding.ASCII.GetBytes($"GET http://127.0.0.2:{port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "HTTP/1.1 508 "u8.ToArray());
        await AssertAnswerAsync(proxy, [5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 2, (byte)(port >> 8), (byte)port], (byte[])[5, 0, 5, 2]);
        await AssertAnswerAsync(proxy, [4, 1, (byte)(port >> 8), (byte)port, 127, 0, 0, 2, 0], (byte[])[0, 0x5B]);

        // Somebody who comes after them is the fifth connection: none of them made another one.
        using (await TunnelAsync(proxy, null, echo.Port))
        {
        }

        await proxy.Process.WaitForAsync($"target 127.0.0.1:{echo.Port} ");
        Assert.True(proxy.Process.Output.Count(ConnectionLine()) == 5, proxy.Output);
    }

    [GeneratedRegex(" proxy open ")]
    private static partial Regex ConnectionLine();

    private static async Task AssertAnswerAsync(WmProxyProcess proxy, byte[] request, ReadOnlyMemory<byte> start)
    {
        using var connection = await proxy.ConnectAsync(Proxy);
        await connection.SendAsync(request);
        var answer = await connection.ReadToEndAsync();
        Assert.True(answer.Data.AsSpan().StartsWith(start.Span), $"{Convert.ToHexString(request)}: {Convert.ToHexString(answer.Data)}");
    }

    private static string Config(string users, string rules) => $$"""
        { "WmProxy": { "ForwardProxies": { "users": { "Listen": "tcp://{{Proxy}}:0", "AccessLog": true, "Users": { {{users}} }, "Rules": [ {{rules}} ] } } } }
        """;

    private static async Task<int> StatusAsync(WmProxyProcess proxy, string user, int port)
    {
        using var connection = await AskAsync(proxy, user, port);
        return int.Parse((await connection.ReadUntilAsync("\r\n")).Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task<RawConnection> TunnelAsync(WmProxyProcess proxy, string? user, int port)
    {
        var connection = await AskAsync(proxy, user, port);
        Assert.StartsWith("HTTP/1.1 200 ", await connection.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
        await AssertEchoesAsync(connection);
        return connection;
    }

    private static async Task<RawConnection> AskAsync(WmProxyProcess proxy, string? user, int port)
    {
        var connection = await proxy.ConnectAsync(Proxy);
        var credentials = user is null ? "" : $"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(user))}\r\n";
        await connection.SendAsync($"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{credentials}\r\n");
        return connection;
    }

    private static async Task<RawConnection> SocksAsync(WmProxyProcess proxy, (string Name, string Password) user, int port)
    {
        var connection = await proxy.ConnectAsync(Proxy);
        byte[] credentials = [1, (byte)user.Name.Length, .. Encoding.UTF8.GetBytes(user.Name), (byte)user.Password.Length, .. Encoding.UTF8.GetBytes(user.Password)];
        await connection.SendAsync((byte[])[5, 1, 2, .. credentials, 5, 1, 0, 1, 127, 0, 0, 1, (byte)(port >> 8), (byte)port]);
        Assert.Equal("05020100050000", Convert.ToHexString((await connection.ReadExactlyAsync(14))[..7]));
        await AssertEchoesAsync(connection);
        return connection;
    }

    private static async Task AssertEchoesAsync(RawConnection connection)
    {
        await connection.SendAsync("ping");
        Assert.Equal("ping"u8.ToArray(), await connection.ReadExactlyAsync(4));
    }
}
