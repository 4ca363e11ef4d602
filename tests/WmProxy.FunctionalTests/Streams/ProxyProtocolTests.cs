using System.Linq;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connections.ProxyProtocol;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Streams;

public class ProxyProtocolTests
{
    private static readonly IPEndPoint Source = IPEndPoint.Parse("192.0.2.1:1000");
    private static readonly IPEndPoint Target = IPEndPoint.Parse("192.0.2.100:80");

    private const string Accept = """ "ProxyProtocol": { "Accept": { "From": [ "127.0.0.1" ], "Required": true } } """;

    [Theory]
    [InlineData("V1", false)]
    [InlineData("V1", true)]
    [InlineData("V2", false)]
    [InlineData("V2", true)]
    public async Task Accept_Header_GivesTheRealClient(string version, bool dribbled)
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(echo.Address, Accept);
        using var client = await host.ConnectAsync("s");
        byte[] bytes = [.. Header(version), .. "hello"u8];

        await (dribbled ? client.DribbleAsync(bytes) : client.SendAsync(bytes));

        Assert.Equal("hello"u8.ToArray(), await client.ReadExactlyAsync(5));
        var row = host.Connections.Connections.Single();
        Assert.Equal(Source, row.ClientEndPoint);
        Assert.Equal(Target, row.GetLocalEndPoint());
    }

    [Theory]
    [InlineData("V1", "V2")]
    [InlineData("V2", "V1")]
    public async Task Accept_VersionThatIsNotListed_IsAnError(string listed, string sent)
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(
            echo.Address, $$""" "ProxyProtocol": { "Accept": { "Versions": [ "{{listed}}" ], "From": [ "127.0.0.1" ], "Required": true } } """);
        using var client = await host.ConnectAsync("s");

        await client.SendAsync(Header(sent));

        Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
        Assert.Equal(0, echo.AcceptedCount);
    }

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.999 192.0.2.100 1000 80\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.100 65536 80\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.100 1000\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    public async Task Accept_MalformedOrMissingHeader_IsReset(string bytes)
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(echo.Address, Accept);
        using var client = await host.ConnectAsync("s");

        await client.SendAsync(bytes);

        Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
        Assert.Equal(0, echo.AcceptedCount);
    }

    [Fact]
    public async Task Accept_FromANetworkThatIsNotListed_IsOrdinaryBytes()
    {
        await using var sink = new ScriptedPeer(script => script.Stall());
        await using var host = await StartAsync(sink.Address, """ "ProxyProtocol": { "Accept": { "From": [ "10.0.0.0/8" ], "Required": true } } """);
        using var client = await host.ConnectAsync("s");

        await client.SendAsync(Header("V1"));

        await host.WaitForConnectionsAsync(rows => rows.Count == 1 && rows[0].BytesUp == Header("V1").Length);
        Assert.Equal(client.LocalEndPoint, host.Connections.Connections.Single().ClientEndPoint);
    }

    [Theory]
    [InlineData("V1")]
    [InlineData("V2")]
    public async Task Send_Version_TellsTheDestinationWhoTheClientIs(string version)
    {
        var length = Header(version).Length;
        await using var peer = new ScriptedPeer(script => script.Stall());
        await using var host = await StartAsync(
            peer.Address, $$""" "ProxyProtocol": { "Accept": { "From": [ "127.0.0.1" ], "Required": true }, "Send": "{{version}}" } """);
        using var client = await host.ConnectAsync("s");

        byte[] sent = [.. Header("V2"), .. "hello"u8];
        await client.SendAsync(sent);

        var received = await RecordAsync(peer, length + 5);
        Assert.Equal([.. Header(version), .. "hello"u8], received);
    }

    [Fact]
    public async Task Send_WithoutAccept_TellsTheSocketsAddresses()
    {
        await using var peer = new ScriptedPeer(script => script.Stall());
        await using var host = await StartAsync(peer.Address, """ "ProxyProtocol": { "Send": "V1" } """);
        using var client = await host.ConnectAsync("s");
        var expected = ProxyProtocolWriter.Write(ProxyProtocolVersion.V1, client.LocalEndPoint, client.RemoteEndPoint);

        Assert.Equal(expected, await RecordAsync(peer, expected.Length));
    }

    [Fact]
    public async Task AcceptAndSend_WithTlsOnBothSides_GoBeforeIt()
    {
        using var certificates = new TestCertificates();
        using var issued = certificates.IssueServer(["localhost"]);
        var (certificate, key) = certificates.WritePair("s", issued);
        var header = Header("V1");
        var seen = new TaskCompletionSource<byte[]>();
        await using var peer = new TestServerSocket(async (connection, _) =>
        {
            seen.TrySetResult(await connection.ReadExactlyAsync(header.Length));
            using var stream = new NetworkStream(connection.Socket);
            using var tls = new SslStream(stream);
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = issued });
            var buffer = new byte[5];
            await tls.ReadExactlyAsync(buffer);
            await tls.WriteAsync(buffer);
        });
        await using var host = await ProxyHost.StartAsync($$"""
            {
              "ReverseProxy": { "Clusters": { "c": { "HttpClient": { "DangerousAcceptAnyServerCertificate": true },
                "Destinations": { "d": { "Address": "tls://{{peer.EndPoint}}" } } } } },
              "WmProxy": { "Streams": { "s": { "Listen": "tls://127.0.0.1:0", "ClusterId": "c",
                "Tls": { "Certificate": { "Path": "{{certificate}}", "KeyPath": "{{key}}" } },
                "ProxyProtocol": { "Accept": { "From": [ "127.0.0.1" ], "Required": true }, "Send": "V1" } } } }
            }
            """);
        using var client = await host.ConnectAsync("s");
        await client.DribbleAsync(Header("V2"));
        using var network = new NetworkStream(client.Socket);
        using var tls = new SslStream(network);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = (_, _, _, _) => true }).Within();
        await tls.WriteAsync("hello"u8.ToArray());

        var answer = new byte[5];
        await tls.ReadExactlyAsync(answer).AsTask().Within();
        Assert.Equal("hello"u8.ToArray(), answer);
        Assert.Equal(header, await seen.Task.Within());
    }

    private static byte[] Header(string version) => ProxyProtocolWriter.Write(System.Enum.Parse<ProxyProtocolVersion>(version), Source, Target);

    private static async Task<byte[]> RecordAsync(ScriptedPeer peer, int count)
    {
        var connection = await peer.AcceptedAsync();
        return await connection.ReadExactlyAsync(count);
    }

    private static Task<ProxyHost> StartAsync(string destination, string settings) =>
        ProxyHost.StartAsync($$"""{ "WmProxy": { "Streams": { "s": { "Listen": "tcp://127.0.0.1:0", "To": "{{destination}}", {{settings}} } } } }""");
}
