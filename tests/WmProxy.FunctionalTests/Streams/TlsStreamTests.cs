using System;
using System.IO;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Streams;

public class TlsStreamTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("a.example", "a.example")]
    [InlineData("b.example", "b.example")]
    [InlineData("other.example", "a.example")]
    public async Task TlsListener_ServerName_PicksItsCertificate(string serverName, string expected)
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(
            echo.Address, $$""" "Certificate": {{Pair("a.example")}}, "Sni": { "b.example": { "Certificate": {{Pair("b.example")}} } } """);
        using var client = await host.ConnectAsync("s");
        using var tls = Wrap(client);

        await tls.AuthenticateAsClientAsync(Options(serverName)).Within();

        Assert.True(new X509Certificate2(tls.RemoteCertificate!).MatchesHostname(expected));
        await tls.WriteAsync("hello"u8.ToArray());
        Assert.Equal("hello", await ReadAsync(tls, 5));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TlsListener_ClientCertificateRequired_TakesOnlyTheAuthoritys(bool isTrusted)
    {
        using var strangers = new TestCertificates("Strangers");
        using var certificate = (isTrusted ? _certificates : strangers).IssueClient("alice");
        await using var echo = new EchoServer();
        await using var host = await StartAsync(
            echo.Address,
            $$""" "Certificate": {{Pair("a.example")}}, "ClientCertificateMode": "RequireCertificate", "ClientCertificateAuthorities": "{{_certificates.RootPath}}" """);
        using var records = new ConnectionRecords(host);
        using var client = await host.ConnectAsync("s");
        using var tls = Wrap(client);
        var options = Options("a.example");
        options.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, isTrusted ? Intermediates(_certificates, certificate) : null, offline: true);

        if (isTrusted)
        {
            await tls.AuthenticateAsClientAsync(options).Within();
            await tls.WriteAsync("hello"u8.ToArray());
            Assert.Equal("hello", await ReadAsync(tls, 5));
            return;
        }

        // In TLS 1.3 the client learns of the refusal with its first read.
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await tls.AuthenticateAsClientAsync(options).Within();
            await tls.WriteAsync("hello"u8.ToArray());
            await ReadAsync(tls, 5);
        });
        Assert.Equal("TlsHandshakeFailed", (await records.NextAsync()).Reason);
        Assert.Equal(0, echo.AcceptedCount);
    }

    [Fact]
    public async Task TlsToTcp_HalfClose_LosesNothing()
    {
        // The answer comes after the client's end only.
        await using var server = new TestServerSocket(async (connection, _) =>
        {
            var request = await connection.ReadToEndAsync();
            await connection.SendAsync($"{request.Text} {request.End}");
        });
        await using var host = await StartAsync(server.Address, $$""" "Certificate": {{Pair("a.example")}} """);
        using var client = await host.ConnectAsync("s");
        using var tls = Wrap(client);
        await tls.AuthenticateAsClientAsync(Options("a.example")).Within();

        await tls.WriteAsync("hello"u8.ToArray());
        await tls.ShutdownAsync();

        using var reader = new StreamReader(tls);
        Assert.Equal("hello Fin", await reader.ReadToEndAsync().Within());
    }

    [Fact]
    public async Task TcpToTls_HalfClose_LosesNothing()
    {
        await using var server = TlsServer(async tls =>
        {
            using var reader = new StreamReader(tls, leaveOpen: true);
            var request = await reader.ReadToEndAsync();
            await tls.WriteAsync(System.Text.Encoding.ASCII.GetBytes(request + " back"));
            await tls.ShutdownAsync();
        });
        await using var host = await StartToTlsAsync(server);
        using var client = await host.ConnectAsync("s");

        await client.SendAsync("hello");
        client.HalfClose();

        var answer = await client.ReadToEndAsync();
        Assert.Equal("hello back", answer.Text);
        Assert.Equal(ReadEnd.Fin, answer.End);
    }

    [Fact]
    public async Task TlsToTcp_DestinationResets_ClientSeesAReset()
    {
        await using var server = new ScriptedPeer(script => script.Then(async (connection, _) => await connection.ReadExactlyAsync(5)).Reset());
        await using var host = await StartAsync(server.Address, $$""" "Certificate": {{Pair("a.example")}} """);
        using var client = await host.ConnectAsync("s");
        using var tls = Wrap(client);
        await tls.AuthenticateAsClientAsync(Options("a.example")).Within();

        await tls.WriteAsync("hello"u8.ToArray());

        var error = await Assert.ThrowsAsync<IOException>(() => ReadAsync(tls, 1));
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(error.InnerException).SocketErrorCode);
    }

    [Fact]
    public async Task TlsToTcp_ClientResets_DestinationSeesAReset()
    {
        await using var sink = new SinkServer();
        await using var host = await StartAsync(sink.Address, $$""" "Certificate": {{Pair("a.example")}} """);
        using var records = new ConnectionRecords(host);
        using var client = await host.ConnectAsync("s");
        using var tls = Wrap(client);
        await tls.AuthenticateAsClientAsync(Options("a.example")).Within();
        await tls.WriteAsync("hello"u8.ToArray());
        await host.WaitForConnectionsAsync(rows => rows.Count == 1 && rows[0].BytesUp == 5);

        client.Reset();

        Assert.Equal(ReadEnd.Reset, (await sink.ResultAsync()).End);
        Assert.Equal("ClientReset", (await records.NextAsync()).Reason);
    }

    [Fact]
    public async Task TcpToTls_DestinationResets_ClientSeesAReset()
    {
        await using var server = new TestServerSocket(async (connection, _) =>
        {
            using var tls = Wrap(connection);
            await tls.AuthenticateAsServerAsync(_certificates.IssueServer(["localhost"]));
            await ReadAsync(tls, 5);
            connection.Reset();
        });
        await using var host = await StartToTlsAsync(server);
        using var client = await host.ConnectAsync("s");

        await client.SendAsync("hello");

        Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
    }

    private static X509Certificate2Collection? Intermediates(TestCertificates certificates, X509Certificate2 certificate)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(certificates.ChainPem(certificate));
        return chain;
    }

    private static SslStream Wrap(RawConnection connection) => new(new NetworkStream(connection.Socket));

    private static SslClientAuthenticationOptions Options(string serverName) =>
        new() { TargetHost = serverName, RemoteCertificateValidationCallback = (_, _, _, _) => true };

    private static async Task<string> ReadAsync(SslStream tls, int count)
    {
        var buffer = new byte[count];
        await tls.ReadExactlyAsync(buffer).AsTask().Within();
        return System.Text.Encoding.ASCII.GetString(buffer);
    }

    private string Pair(string name)
    {
        using var issued = _certificates.IssueServer([name]);
        var (certificate, key) = _certificates.WritePair(name, issued);
        return $$"""{ "Path": "{{certificate}}", "KeyPath": "{{key}}" }""";
    }

    private TestServerSocket TlsServer(Func<SslStream, Task> serve) => new(async (connection, _) =>
    {
        using var tls = Wrap(connection);
        await tls.AuthenticateAsServerAsync(_certificates.IssueServer(["localhost"]));
        await serve(tls);
    });

    private static Task<ProxyHost> StartAsync(string destination, string tls) => ProxyHost.StartAsync(
        $$"""{ "WmProxy": { "Streams": { "s": { "Listen": "tls://127.0.0.1:0", "To": "{{destination}}", "Tls": { {{tls}} } } } } }""");

    private static Task<ProxyHost> StartToTlsAsync(TestServerSocket server) => ProxyHost.StartAsync(
        $$"""
        {
          "ReverseProxy": { "Clusters": { "c": { "HttpClient": { "DangerousAcceptAnyServerCertificate": true }, "Destinations": { "d": { "Address": "tls://{{server.EndPoint}}" } } } } },
          "WmProxy": { "Streams": { "s": { "Listen": "tcp://127.0.0.1:0", "ClusterId": "c" } } }
        }
        """);
}
