using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Text;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.ForwardProxy;

/// <summary>What no client should send: each is refused in its own protocol, nobody else notices, and nothing is left of it.</summary>
public sealed class BadInputTests
{
    private const string Open = "127.0.0.2";
    private const string Private = "127.0.0.3";
    private const string NoAuthentication = "0500";
    private const string PasswordPlease = "0502";

    private static readonly string LongText = new('a', 20_000);

    private int _clients;

    [Fact]
    public async Task Send_EveryKindOfNonsense_IsRefusedAndLeavesNothing()
    {
        await using var echo = new EchoServer();
        await using var proxy = await StartAsync("10s");
        using var bystander = await TunnelAsync(proxy, echo.Port);
        await SendAllAsync(proxy);
        var before = Descriptors(proxy);

        for (var round = 0; round < 3; round++)
        {
            await SendAllAsync(proxy);
        }

        await AssertEchoesAsync(bystander);
        await Deadline.PollAsync(() => Task.FromResult(Descriptors(proxy) <= before));
        using var next = await TunnelAsync(proxy, echo.Port);

        // It is the clients' fault: nothing that anybody has to be told about.
        Assert.DoesNotMatch(@"(?m)^\S+ \S* ?\[?(WRN|ERR|FTL)|Unhandled|   at ", proxy.Output);
    }

    [Fact]
    public async Task Send_RandomBytes_OthersGoOn()
    {
        await using var echo = new EchoServer();
        await using var proxy = await StartAsync("1s");
        using var bystander = await TunnelAsync(proxy, echo.Port);
        var before = Descriptors(proxy);

        await Parallel.ForEachAsync(Enumerable.Range(0, 300), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
        {
            var random = new Random(i);
            var bytes = new byte[random.Next(1, 2000)];
            random.NextBytes(bytes);

            // Some look like the beginning of something.
            bytes[0] = (i % 6) switch { 0 => 4, 1 => 5, 2 => 22, 3 => (byte)'G', _ => bytes[0] };
            using var connection = await proxy.ConnectAsync(i % 2 == 0 ? Open : Private);
            await connection.TrySendAsync(bytes);

            // A first byte may promise more: it has until DetectTimeout.
            Assert.NotEqual(ReadEnd.Open, (await connection.ReadToEndAsync()).End);
        });

        await AssertEchoesAsync(bystander);
        await Deadline.PollAsync(() => Task.FromResult(Descriptors(proxy) <= before));
        Assert.Empty(echo.Failures);
    }

    [Fact]
    public async Task Send_SlowBytes_AreWaitedForUntilDetectTimeout()
    {
        await using var echo = new EchoServer();
        await using var proxy = await StartAsync("1s");
        string[] starts = ["C", "CONNECT 127.0.0.1", "CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n", "GET http://127.0.0.1/ HTTP/1.1\r\nHost:", "\u0005", "\u0005\u0001", "\u0005\u0001\u0000", "\u0005\u0001\u0000\u0005\u0001\u0000\u0003", "\u0004\u0001\u0000"];

        await Task.WhenAll(starts.Select(async start =>
        {
            using var connection = await proxy.ConnectAsync(Open);
            await connection.SendAsync(Encoding.Latin1.GetBytes(start));
            Assert.NotEqual(ReadEnd.Open, (await connection.ReadToEndAsync()).End);
        }));

        // However slowly they come within it, they are understood.
        using var slow = await proxy.ConnectAsync(Open);
        await slow.DribbleAsync((byte[])[5, 1, 0, 5, 1, 0, 3, 9, .. "127.0.0.1"u8, (byte)(echo.Port >> 8), (byte)echo.Port]);
        Assert.Equal("05000500", Convert.ToHexString((await slow.ReadExactlyAsync(12))[..4]));
        await AssertEchoesAsync(slow);
    }

    private async Task SendAllAsync(WmProxyProcess proxy)
    {
        // SOCKS 5: no methods; port 0; NUL in a name; too long a name; unknown type and command; reserved byte.
        await AssertSocksAsync(proxy, Open, [5, 0], "05FF");
        await AssertSocksAsync(proxy, Open, [5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, 0, 0], NoAuthentication + "0501");
        await AssertSocksAsync(proxy, Open, [5, 1, 0, 5, 1, 0, 3, 4, .. "lo\0l"u8, 0, 80], NoAuthentication + "0501");
        await AssertSocksAsync(proxy, Open, [5, 1, 0, 5, 1, 0, 3, 0, 0, 80], NoAuthentication + "0501");
        await AssertSocksAsync(proxy, Open, [5, 1, 0, 5, 1, 0, 3, 255, .. Encoding.ASCII.GetBytes(LongText[..255]), 0, 80], NoAuthentication + "0501");
        await AssertSocksAsync(proxy, Open, [5, 1, 0, 5, 1, 0, 2, 127, 0, 0, 1, 0, 80], NoAuthentication + "0508");
        await AssertSocksAsync(proxy, Open, [5, 1, 0, 5, 9, 0, 1, 127, 0, 0, 1, 0, 80], NoAuthentication + "0507");
        await AssertSocksAsync(proxy, Open, [5, 1, 0, 5, 2, 0, 1, 127, 0, 0, 1, 0, 80], NoAuthentication + "0507");
        await AssertSocksAsync(proxy, Open, [5, 1, 0, 5, 1, 1, 1, 127, 0, 0, 1, 0, 80], NoAuthentication + "0501");

        // RFC 1929: NUL in name and password; the longest of both; empty; another version.
        await AssertSocksAsync(proxy, Private, [5, 1, 0], "05FF");
        await AssertSocksAsync(proxy, Private, [5, 1, 2, 1, 6, .. "alice\0"u8, 1, (byte)'a'], PasswordPlease + "0101");
        await AssertSocksAsync(proxy, Private, [5, 1, 2, 1, 5, .. "alice"u8, 2, (byte)'a', 0], PasswordPlease + "0101");
        await AssertSocksAsync(proxy, Private, [5, 1, 2, 1, 255, .. new byte[255], 255, .. new byte[255]], PasswordPlease + "0101");
        await AssertSocksAsync(proxy, Private, [5, 1, 2, 1, 0, 0], PasswordPlease + "0101");
        await AssertSocksAsync(proxy, Private, [5, 1, 2, 1, 5, .. "alice"u8, 0], PasswordPlease + "0101");
        await AssertSocksAsync(proxy, Private, [5, 1, 2, 5, 1, 0], PasswordPlease + "0101");

        // SOCKS 4: port 0; a user id and a name without end; a command that there is not; where there are users.
        await AssertSocksAsync(proxy, Open, [4, 1, 0, 0, 127, 0, 0, 1, 0], "005B");
        await AssertSocksAsync(proxy, Open, [4, 1, 0, 80, 127, 0, 0, 1, .. Encoding.ASCII.GetBytes(LongText[..600])], "005B");
        await AssertSocksAsync(proxy, Open, [4, 1, 0, 80, 0, 0, 0, 1, 0, .. Encoding.ASCII.GetBytes(LongText[..600])], "005B");
        await AssertSocksAsync(proxy, Open, [4, 9, 0, 80, 127, 0, 0, 1, 0], "005B");
        await AssertSocksAsync(proxy, Private, [4, 1, 0, 80, 127, 0, 0, 1, 0], "005D");

        // CONNECT and HTTP.
        foreach (var target in (string[])["127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:99999999999999999999", "127.0.0.1:-1", "127.0.0.1", "a\0b:80", ":80", "[::1:80", "a b:80", "user@127.0.0.1:80"])
        {
            await AssertHttpAsync(proxy, Open, $"CONNECT {target} HTTP/1.1\r\nHost: x\r\n\r\n", 400);
        }

        foreach (var target in (string[])["http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:-1/", "http:///a", "http://user@127.0.0.1/", "/a", "ftp://127.0.0.1/", "http://127.0.0.1/\0"])
        {
            await AssertHttpAsync(proxy, Open, $"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400);
        }

        await AssertHttpAsync(proxy, Open, "CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", 400);
        await AssertHttpAsync(proxy, Open, "CONNECT 127.0.0.1:80 HTTP/1.1\nHost: x\n\n", 400);
        await AssertHttpAsync(proxy, Open, $"CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: x\r\nX: {LongText}{LongText}\r\n\r\n", 431);
        await AssertHttpAsync(proxy, Open, $"CONNECT {LongText}{LongText}:80 HTTP/1.1\r\nHost: x\r\n\r\n", 431);
        await AssertHttpAsync(proxy, Open, "GET http://127.0.0.1/ HTTP/1.1\r\nHost: x\r\nX: a\0b\r\nConnection: close\r\n\r\n", 400);
        await AssertHttpAsync(proxy, Open, $"GET http://127.0.0.1/ HTTP/1.1\r\nHost: x\r\nX: {LongText}{LongText}\r\nConnection: close\r\n\r\n", 431);
        foreach (var user in (string[])["alice:a\0", "alice\0:a", "alice", $"alice:{LongText[..300]}"])
        {
            var field = $"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(user))}\r\nConnection: close\r\n\r\n";
            await AssertHttpAsync(proxy, Private, $"CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: x\r\n{field}", 407);
            await AssertHttpAsync(proxy, Private, $"GET http://127.0.0.1/ HTTP/1.1\r\nHost: x\r\n{field}", 407);
        }

        // TLS where there is none, the preface of HTTP/2, and nothing known: there is no protocol to answer in.
        foreach (var bytes in (string[])["\u0016\u0003\u0001\u0000\u0005hello", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\u0000\u0001\u0002", LongText])
        {
            await AssertSocksAsync(proxy, Open, Encoding.Latin1.GetBytes(bytes), "");
        }
    }

    private async Task AssertSocksAsync(WmProxyProcess proxy, string host, byte[] bytes, string answer)
    {
        var read = await AskAsync(proxy, host, bytes);
        var hex = Convert.ToHexString(read.Data);
        Assert.True(answer.Length == 0 ? hex.Length == 0 : hex.StartsWith(answer, StringComparison.Ordinal), $"{Convert.ToHexString(bytes.AsSpan(0, Math.Min(bytes.Length, 40)))}: {hex}, not {answer}");
    }

    private async Task AssertHttpAsync(WmProxyProcess proxy, string host, string request, int status)
    {
        var read = await AskAsync(proxy, host, Encoding.Latin1.GetBytes(request));
        Assert.True(read.Text.StartsWith($"HTTP/1.1 {status} ", StringComparison.Ordinal), $"{request[..Math.Min(request.Length, 120)]}: {read.Text}");
    }

    private async Task<ReadResult> AskAsync(WmProxyProcess proxy, string host, byte[] bytes)
    {
        // Each is another client: one that fails again and again waits longer and longer.
        _clients++;
        using var connection = await RawClient.ConnectAsync(proxy.EndPoint(host), from: new IPAddress([127, 1, (byte)(_clients >> 8), (byte)_clients]));
        await connection.TrySendAsync(bytes);
        return await connection.ReadToEndAsync();
    }

    private static Task<WmProxyProcess> StartAsync(string detectTimeout) => WmProxyProcess.StartAsync($$"""
        {
          "WmProxy": {
            "ForwardProxies": {
              "open": { "Listen": "tcp://{{Open}}:0", "Protocols": [ "Http", "Connect", "Socks4", "Socks5" ], "DetectTimeout": "{{detectTimeout}}" },
              "private": { "Listen": "tcp://{{Private}}:0", "Protocols": [ "Http", "Connect", "Socks4", "Socks5" ], "DetectTimeout": "{{detectTimeout}}", "Users": { "alice": { "Password": "a" } } }
            }
          }
        }
        """);

    private static async Task<RawConnection> TunnelAsync(WmProxyProcess proxy, int port)
    {
        var connection = await proxy.ConnectAsync(Open);
        await connection.SendAsync($"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", await connection.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
        await AssertEchoesAsync(connection);
        return connection;
    }

    private static async Task AssertEchoesAsync(RawConnection connection)
    {
        await connection.SendAsync("ping");
        Assert.Equal("ping"u8.ToArray(), await connection.ReadExactlyAsync(4));
    }

    private static int Descriptors(WmProxyProcess proxy) => Directory.GetFileSystemEntries($"/proc/{proxy.Process.Id}/fd").Length;
}
