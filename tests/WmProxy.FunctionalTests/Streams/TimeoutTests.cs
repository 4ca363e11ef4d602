using System;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Streams;

public class TimeoutTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task IdleTimeout_BytesEitherWay_StartItAgain()
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(echo, """ "IdleTimeout": "10s" """);
        using var client = await host.ConnectAsync("s");
        for (var i = 1; i <= 5; i++)
        {
            await client.SendAsync("hello");
            await client.ReadExactlyAsync(5);
            var moved = 5 * i;
            await host.WaitForConnectionsAsync(rows => rows.Count == 1 && rows[0].BytesUp == moved && rows[0].BytesDown == moved);
            _time.Advance(TimeSpan.FromSeconds(9));
        }

        var (answer, elapsed) = await _time.AdvanceUntilAsync(client.ReadToEndAsync());

        Assert.Equal(ReadEnd.Reset, answer.End);
        Assert.InRange(elapsed, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(12));
    }

    [Fact]
    public async Task HalfCloseTimeout_DownloadThatGoesOn_IsNotCut()
    {
        var next = new TaskCompletionSource<int>[6];
        for (var i = 0; i < next.Length; i++)
        {
            next[i] = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        await using var server = new TestServerSocket(async (connection, _) =>
        {
            await connection.ReadToEndAsync();
            foreach (var turn in next)
            {
                await turn.Task;
                await connection.SendAsync("12345");
            }
        });
        await using var host = await StartAsync(server, """ "HalfCloseTimeout": "5s" """);
        using var client = await host.ConnectAsync("s");
        client.HalfClose();

        // 24 seconds, nearly five times the limit.
        for (var i = 0; i < next.Length; i++)
        {
            next[i].SetResult(i);
            Assert.Equal("12345"u8.ToArray(), await client.ReadExactlyAsync(5));
            if (i < next.Length - 1)
            {
                var moved = 5 * (i + 1);
                await host.WaitForConnectionsAsync(rows => rows.Count == 1 && rows[0].BytesDown == moved);
                _time.Advance(TimeSpan.FromSeconds(4));
            }
        }

        Assert.Equal(ReadEnd.Fin, (await client.ReadToEndAsync()).End);
    }

    // Everything is written to the system's buffers at once; only what the client acknowledges tells that it is still reading.
    [Fact]
    public async Task HalfCloseTimeout_ReaderIsSlow_GetsEverything()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("Only Linux tells what was acknowledged.");
        }

        const int Length = 1024 * 1024;
        await using var server = new ScriptedPeer(script => script.Write(TestData.Create(Length)).HalfClose().ReadToEnd());
        await using var host = await StartAsync(server, """ "HalfCloseTimeout": "5s", "IdleTimeout": "5s" """);
        using var client = await RawClient.ConnectAsync(host.EndPointOf("s"), receiveBuffer: 8 * 1024);
        await host.WaitForConnectionsAsync(rows => rows.Count == 1 && rows[0].BytesDown == Length);

        var received = 0;
        while (received < Length)
        {
            received += (await client.ReadExactlyAsync(32 * 1024)).Length;
            await Deadline.PollAsync(() => Task.FromResult(received == Length || client.Socket.Available > 0));
            _time.Advance(TimeSpan.FromSeconds(4));
        }

        client.HalfClose();
        Assert.Equal(ReadEnd.Fin, (await client.ReadToEndAsync()).End);
    }

    [Theory]
    [InlineData("tcp://127.0.0.1:0", """ "Match": { "ServerNames": [ "a.example" ] } """)]
    [InlineData("tcp://127.0.0.1:0", """ "ProxyProtocol": { "Accept": { "From": [ "127.0.0.1" ], "Required": true } } """)]
    [InlineData("tls://127.0.0.1:0", "")]
    public async Task Handshake_NotFinished_EndsAtItsDeadline(string listen, string settings)
    {
        using var certificates = new TestCertificates();
        using var issued = certificates.IssueServer(["localhost"]);
        var (certificate, key) = certificates.WritePair("s", issued);
        await using var echo = new EchoServer();
        await using var host = await StartAsync(
            echo, settings.Length > 0 ? settings : $$""" "Tls": { "Certificate": { "Path": "{{certificate}}", "KeyPath": "{{key}}" } } """, listen);
        using var records = new ConnectionRecords(host);
        using var client = await host.ConnectAsync("s");
        await client.SendAsync(listen.StartsWith("tls", StringComparison.Ordinal) || settings.Contains("Match", StringComparison.Ordinal) ? "\x16\x03\x01\x01"u8.ToArray() : "PROX"u8.ToArray());

        var (answer, elapsed) = await _time.AdvanceUntilAsync(client.ReadToEndAsync());

        Assert.Equal(ReadEnd.Reset, answer.End);
        Assert.InRange(elapsed, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(20));
        Assert.Equal("HandshakeTimeout", (await records.NextAsync()).Reason);
        Assert.Equal(0, echo.AcceptedCount);
    }

    private Task<ProxyHost> StartAsync(TestServerSocket server, string settings, string listen = "tcp://127.0.0.1:0") => ProxyHost.StartAsync(
        $$"""{ "WmProxy": { "Streams": { "s": { "Listen": "{{listen}}", "To": "{{server.Address}}", {{settings}} } } } }""", timeProvider: _time);
}
