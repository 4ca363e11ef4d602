using System;
using System.Linq;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.ForwardProxy;

public class ForwardPipelineTests
{
    private const string All = """ "Listen": "tcp://127.0.0.1:0", "Protocols": [ "Http", "Connect", "Socks4", "Socks5" ] """;

    [Theory]
    [InlineData("GET ", "Http")]
    [InlineData("\r\nCONNECT ", "Connect")]
    [InlineData("\u0004 ", "Socks4")]
    [InlineData("\u0005 ", "Socks5")]
    public async Task Detection_RequestInAnyPieces_ReachesItsProtocolWhole(string opening, string protocol)
    {
        await using var echo = new EchoServer();
        await using var host = await LineProxy.StartAsync(LineProxy.Json(All));
        var request = Encoding.Latin1.GetBytes($"{opening}{echo.EndPoint}\nping\n");
        for (var cut = 1; cut <= opening.Length + 1; cut++)
        {
            using var client = await host.ConnectAsync("p");
            await client.SendAsync(request.AsMemory(0, cut));
            await client.DribbleAsync(request.AsMemory(cut));

            Assert.Equal($"{protocol}\nping\n", Encoding.ASCII.GetString(await client.ReadExactlyAsync(protocol.Length + 6)));
        }
    }

    [Theory]
    [InlineData(""" "Protocols": [ "Http", "Connect" ] """, "\u0005\u0001\u0000", "\u0005\u00ff")]
    [InlineData(""" "Protocols": [ "Http", "Connect" ] """, "\u0004\u0001\u0000\u0050\u0001\u0002\u0003\u0004\u0000", "\u0000\u005b\u0000\u0000\u0000\u0000\u0000\u0000")]
    [InlineData("", "\u0004\u0001\u0000\u0050\u0001\u0002\u0003\u0004\u0000", "\u0000\u005b\u0000\u0000\u0000\u0000\u0000\u0000")]
    [InlineData(""" "Protocols": [ "Socks5" ] """, "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 403 Forbidden\r\n")]
    [InlineData(""" "Protocols": [ "Connect" ] """, "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 405 Method Not Allowed\r\nAllow: CONNECT\r\n")]
    [InlineData(""" "Protocols": [ "Http" ] """, "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 403 Forbidden\r\n")]
    public async Task Detection_ProtocolThatIsOff_IsRefusedInItsOwnWords(string keys, string request, string answer)
    {
        await using var host = await LineProxy.StartAsync(LineProxy.Json($$""" "Listen": "tcp://127.0.0.1:0" {{(keys.Length > 0 ? "," : "")}} {{keys}} """));
        using var records = new ConnectionRecords(host);
        using var client = await host.ConnectAsync("p");
        await client.SendAsync(Encoding.Latin1.GetBytes(request));

        // Told, ended, and not reset although there may be bytes that nobody read.
        Assert.Equal(answer, Encoding.Latin1.GetString(await client.ReadExactlyAsync(answer.Length)));
        Assert.Equal(ReadEnd.Fin, (await client.ReadToEndAsync()).End);
        client.HalfClose();
        Assert.Equal(new { Stream = "p", Reason = "ProtocolError" }, Of(await records.NextAsync()));
    }

    [Fact]
    public async Task Detection_ProtocolThatIsOffAndClientThatGoesOnSending_GetsTheAnswerAllTheSame()
    {
        await using var host = await LineProxy.StartAsync(LineProxy.Json(""" "Listen": "tcp://127.0.0.1:0", "Protocols": [ "Socks5" ] """));
        using var client = await host.ConnectAsync("p");
        await client.SendAsync("POST http://a/ HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
        await client.SendAsync(new byte[100_000]);

        var answer = await client.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 403 Forbidden\r\n", answer.Text, StringComparison.Ordinal);
        Assert.EndsWith("This proxy does not take HTTP requests.\n", answer.Text, StringComparison.Ordinal);
        Assert.Equal(ReadEnd.Fin, answer.End);
    }

    [Theory]
    [InlineData("\u0016\u0003\u0001\u0000\u0050")]
    [InlineData("SSH-2.0-x\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    [InlineData("\u0000")]
    public async Task Detection_NothingThatIsSpokenHere_IsReset(string bytes)
    {
        await using var host = await LineProxy.StartAsync(LineProxy.Json(All));
        using var records = new ConnectionRecords(host);

        Assert.Equal(ReadEnd.Reset, (await LineProxy.AskAsync(host, bytes)).End);
        Assert.Equal("ProtocolError", (await records.NextAsync()).Reason);
    }

    [Fact]
    public async Task Detection_EmptyLinesWithoutEnd_AreReset()
    {
        await using var host = await LineProxy.StartAsync(LineProxy.Json(All));
        using var records = new ConnectionRecords(host);

        Assert.Equal(ReadEnd.Reset, (await LineProxy.AskAsync(host, string.Concat(Enumerable.Repeat("\r\n", 16 * 1024)))).End);
        Assert.Equal("ProtocolError", (await records.NextAsync()).Reason);
    }

    [Theory]
    [InlineData("")]
    [InlineData("CONN")]
    [InlineData("GET 127.0.0.1:")]
    public async Task DetectTimeout_RequestNotThere_EndsTheConnection(string begun)
    {
        var time = new FakeTimeProvider();
        await using var host = await LineProxy.StartAsync(LineProxy.Json($$"""{{All}}, "DetectTimeout": "10s" """), time);
        using var records = new ConnectionRecords(host);
        using var client = await host.ConnectAsync("p");
        await client.SendAsync(begun);
        await host.WaitForConnectionsAsync(connections => connections.Count == 1);

        var (end, elapsed) = await time.AdvanceUntilAsync(client.ReadToEndAsync());

        Assert.Equal(ReadEnd.Reset, end.End);
        // More than the default; time goes on while the proxy waits for a processor.
        Assert.InRange(elapsed.TotalSeconds, 10, 25);
        Assert.Equal("HandshakeTimeout", (await records.NextAsync()).Reason);
    }

    [Fact]
    public async Task Client_LeavesBeforeItSpeaks_IsNoFault()
    {
        await using var host = await LineProxy.StartAsync(LineProxy.Json(All));
        using var records = new ConnectionRecords(host);
        using (var client = await host.ConnectAsync("p"))
        {
            client.HalfClose();
        }

        Assert.Equal("ClientGone", (await records.NextAsync()).Reason);
        Assert.Equal(0, records.Active);
    }

    [Theory]
    [InlineData(""" "MaxConnections": 1 """, "ConnectionLimit")]
    [InlineData(""" "MaxConnectionsPerClient": 1 """, "ClientConnectionLimit")]
    public async Task Limit_Reached_RefusesUntilAPlaceIsGivenBack(string keys, string reason)
    {
        await using var echo = new EchoServer();
        await using var host = await LineProxy.StartAsync(LineProxy.Json($"{All}, {keys}"));
        using var records = new ConnectionRecords(host);
        using (await LineProxy.OpenAsync(host, echo.EndPoint))
        {
            Assert.Equal(ReadEnd.Reset, await host.EndOfConnectionAsync("p"));
            Assert.Equal(reason, (await records.NextAsync()).Reason);
        }

        await records.NextAsync();
        using var next = await LineProxy.OpenAsync(host, echo.EndPoint);
    }

    [Fact]
    public async Task Access_ClientNotOnTheList_IsReset()
    {
        await using var host = await LineProxy.StartAsync(LineProxy.Json($$"""{{All}}, "Access": { "Deny": [ "127.0.0.1" ] } """));

        Assert.Equal(ReadEnd.Reset, await host.EndOfConnectionAsync("p"));
    }

    [Theory]
    [InlineData("192.0.2.1", true)]
    [InlineData("192.0.2.2", false)]
    public async Task ProxyProtocol_Header_NamesTheClientThatRulesLookAt(string client, bool expected)
    {
        await using var echo = new EchoServer();
        await using var host = await LineProxy.StartAsync(LineProxy.Json(
            $$"""{{All}}, "ProxyProtocol": { "Accept": { "From": [ "127.0.0.1" ] } }, "Rules": [ { "Action": "Allow", "Clients": [ "192.0.2.1" ] } ] """));
        using var connection = await host.ConnectAsync("p");
        await connection.SendAsync($"PROXY TCP4 {client} 192.0.2.100 1000 80\r\n{LineProxy.Request(echo.EndPoint)}");

        Assert.Equal(expected ? "Http\n" : "no RuleDenied\n", await connection.ReadUntilAsync("\n"));
    }

    [Fact]
    public async Task TlsAddress_Client_SpeaksTheSameBehindTls()
    {
        using var certificates = new TestCertificates();
        using var issued = certificates.IssueServer(["a.example"]);
        var (certificate, key) = certificates.WritePair("a.example", issued);
        await using var echo = new EchoServer();
        await using var host = await LineProxy.StartAsync(LineProxy.Json(
            $$""" "Listen": [ "tls://127.0.0.1:0" ], "Tls": { "Certificate": { "Path": "{{certificate}}", "KeyPath": "{{key}}" } } """));
        using var client = await host.ConnectAsync("p");
        using var network = new NetworkStream(client.Socket);
        using var tls = new SslStream(network, false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("a.example").Within();
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"CONNECT {echo.EndPoint}\nping\n"));

        var received = new byte["Connect\nping\n".Length];
        await tls.ReadExactlyAsync(received).AsTask().Within();

        Assert.Equal("Connect\nping\n", Encoding.ASCII.GetString(received));
    }

    [Fact]
    public async Task UnixAddress_Client_IsServed()
    {
        using var folder = new TempDirectory();
        var path = System.IO.Path.Combine(folder.Path, "forward.sock");
        await using var echo = new EchoServer();
        await using var host = await LineProxy.StartAsync(LineProxy.Json($$""" "Listen": "unix:{{path}}" """));
        using var client = await RawClient.ConnectAsync($"unix:{path}");
        await client.SendAsync(LineProxy.Request(echo.EndPoint));

        Assert.Equal("Http\n", await client.ReadUntilAsync("\n"));
        await LineProxy.EchoAsync(client);
    }

    [Fact]
    public async Task AccessLog_On_TellsWhoWentWhere()
    {
        await using var echo = new EchoServer();
        using var log = new LogCapture();
        await using var host = await LineProxy.StartAsync(
            LineProxy.Json($$"""{{All}}, "AccessLog": true, "Users": { "alice": { "Password": "s3cret" } } """), configure: builder => builder.Logging.AddProvider(log));
        using var records = new ConnectionRecords(host);
        using (var client = await LineProxy.OpenAsync(host, echo.EndPoint, "alice:s3cret"))
        {
            client.HalfClose();
            await client.ReadToEndAsync();
        }

        Assert.Equal("Completed", (await records.NextAsync()).Reason);
        await LineProxy.AskAsync(host, LineProxy.Request(echo.EndPoint, "alice:wr0ng"));
        Assert.Equal("AuthenticationFailed", (await records.NextAsync()).Reason);
        await Deadline.PollAsync(() => Task.FromResult(log.Of("WmProxy.AccessLog").Count == 2));
        Assert.Single(log.Of("WmProxy.AccessLog"), each => each.Text.Contains($"proxy p user alice target {echo.EndPoint} by -/- up 5 down 5", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Of("WmProxy.AccessLog"), each => each.Text.Contains("s3cret", StringComparison.Ordinal) || each.Text.Contains("wr0ng", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Guard_ListenerThatOthersReach_KeepsClientsFromThisMachine()
    {
        await using var echo = new EchoServer();
        await using var host = await LineProxy.StartAsync(LineProxy.Json(""" "Listen": "tcp://*:0", "AllowAnonymous": true """));

        Assert.Equal("no GuardDenied\n", (await LineProxy.AskAsync(host, LineProxy.Request(echo.EndPoint))).Text);
        Assert.Equal("no GuardDenied\n", (await LineProxy.AskAsync(host, $"GET localhost:{((IPEndPoint)echo.EndPoint).Port}\n")).Text);
        Assert.Equal(0, echo.AcceptedCount);
    }

    [Fact]
    public async Task Guard_ConnectionToItself_IsALoop()
    {
        await using var host = await LineProxy.StartAsync(LineProxy.Json(All));

        Assert.Equal("no Loop\n", (await LineProxy.AskAsync(host, LineProxy.Request(host.EndPointOf("p")))).Text);
    }

    [Fact]
    public async Task Rules_DestinationDenied_IsNotDialled()
    {
        await using var echo = new EchoServer();
        await using var host = await LineProxy.StartAsync(LineProxy.Json(
            $$"""{{All}}, "Rules": [ { "Action": "Deny", "Ports": [ "{{((IPEndPoint)echo.EndPoint).Port}}" ] }, { "Action": "Allow" } ] """));
        using var records = new ConnectionRecords(host);

        Assert.Equal("no RuleDenied\n", (await LineProxy.AskAsync(host, LineProxy.Request(echo.EndPoint))).Text);
        Assert.Equal("DestinationDenied", (await records.NextAsync()).Reason);
        Assert.Equal(0, echo.AcceptedCount);
    }

    private static object Of(ConnectionRecord record) => new { record.Stream, record.Reason };
}
