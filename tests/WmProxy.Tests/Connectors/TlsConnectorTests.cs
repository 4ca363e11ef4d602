using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Connectors;

public sealed class TlsConnectorTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly TlsClientOptions AcceptAny = new() { AcceptAnyServerCertificate = true };

    private readonly TestCertificates _certificates = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TlsConnector _connector = new(new LoopbackConnector());

    public TlsConnectorTests() => _listener.Start();

    public void Dispose()
    {
        _listener.Dispose();
        _certificates.Dispose();
    }

    [Fact]
    public void Schemes_AreTls() => Assert.Equal(["tls"], _connector.Schemes);

    [Fact]
    public async Task ConnectAsync_AnyCertificateAccepted_SendsPrefaceThenServerNameThenData()
    {
        using var issued = _certificates.IssueServer(["b.example"]);
        var serving = ServeAsync(issued, preface: 6);
        var result = await _connector.ConnectAsync(Request(AcceptAny) with { Preface = "PROXY\n"u8.ToArray() }, default).AsTask().WaitAsync(Limit);
        Assert.True(result.IsConnected, result.Error);
        using var stream = result.Stream;
        var (server, preface, name) = await serving.WaitAsync(Limit);
        Assert.Equal("PROXY\n", preface);
        Assert.Equal("b.example", name);
        await stream.WriteAsync("hi"u8.ToArray());
        var buffer = new byte[2];
        await server.ReadExactlyAsync(buffer).AsTask().WaitAsync(Limit);
        Assert.Equal("hi"u8.ToArray(), buffer);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task ConnectAsync_ProtocolsOfTheCluster_AreUsed(SslProtocols version)
    {
        using var issued = _certificates.IssueServer(["b.example"]);
        var serving = ServeAsync(issued);
        var result = await _connector.ConnectAsync(Request(AcceptAny with { Protocols = version }), default).AsTask().WaitAsync(Limit);
        Assert.True(result.IsConnected, result.Error);
        using var stream = result.Stream;
        Assert.Equal(version, (await serving.WaitAsync(Limit)).Stream.SslProtocol);
    }

    [Fact]
    public async Task ConnectAsync_UnknownAuthority_FailsAndNamesIt()
    {
        using var issued = _certificates.IssueServer(["b.example"]);
        var result = await FailAsync(issued);
        Assert.Contains("Test Root", result.Error);
        Assert.Contains("not known", result.Error);
    }

    [Fact]
    public async Task ConnectAsync_OtherName_FailsAndSaysWhichNamesThereAre()
    {
        using var issued = _certificates.IssueServer(["x.example", "*.y.example", "10.0.0.1"]);
        var result = await FailAsync(issued);
        Assert.Contains("not for 'b.example' but for x.example, *.y.example, 10.0.0.1", result.Error);
    }

    [Fact]
    public async Task ConnectAsync_Expired_FailsAndSaysWhen()
    {
        using var issued = _certificates.IssueServer(["b.example"], new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2021, 2, 3, 0, 0, 0, TimeSpan.Zero));
        var result = await FailAsync(issued);
        Assert.Contains("expired at 2021-02-03", result.Error);
    }

    [Fact]
    public async Task ConnectAsync_ServerThatSpeaksNoTls_Fails()
    {
        var serving = AnswerAsync("SSH-2.0-OpenSSH_9.9\r\n");
        var result = await _connector.ConnectAsync(Request(AcceptAny), default).AsTask().WaitAsync(Limit);
        Assert.Equal(ConnectionEndReason.ConnectFailed, result.Failure);
        Assert.Contains("TLS with 127.0.0.1", result.Error);
        using var accepted = await serving;
    }

    [Fact]
    public async Task ConnectAsync_ServerThatCloses_SaysSo()
    {
        var serving = AnswerAsync("");
        var connecting = _connector.ConnectAsync(Request(AcceptAny), default).AsTask();
        using (var accepted = await serving)
        {
            await accepted.ReceiveAsync(new byte[4096]);
        }

        var result = await connecting.WaitAsync(Limit);
        Assert.Equal(ConnectionEndReason.ConnectFailed, result.Failure);
        Assert.Contains("closed the connection", result.Error);
    }

    [Fact]
    public async Task ConnectAsync_CancelledDuringTheHandshake_ThrowsAndCloses()
    {
        using var cancellation = new CancellationTokenSource();
        var serving = AnswerAsync("");
        var connecting = _connector.ConnectAsync(Request(AcceptAny), cancellation.Token).AsTask();
        using var accepted = await serving.WaitAsync(Limit);
        await accepted.ReceiveAsync(new byte[4096]).WaitAsync(Limit);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WaitAsync(Limit));
        Assert.Equal(0, await accepted.ReceiveAsync(new byte[1]).WaitAsync(Limit));
    }

    [Fact]
    public async Task ConnectAsync_AuthoritiesFromAFile_AreTrustedAndNoOthers()
    {
        using var issued = _certificates.IssueServer(["b.example"]);
        using var stream = await SucceedAsync(issued, Files(new TlsClientSettings { Authorities = _certificates.RootPath }));

        using var others = new TestCertificates("Other Root");
        var result = await FailAsync(issued, Files(new TlsClientSettings { Authorities = others.RootPath }));
        Assert.Contains("not known", result.Error);
    }

    [Fact]
    public async Task ConnectAsync_AuthoritiesFromAFile_DoNotMakeUpForTheName()
    {
        using var issued = _certificates.IssueServer(["x.example"]);
        var result = await FailAsync(issued, Files(new TlsClientSettings { Authorities = _certificates.RootPath }));
        Assert.Contains("not for 'b.example'", result.Error);
    }

    [Fact]
    public async Task ConnectAsync_PinnedCertificate_IsAllThatCounts()
    {
        // Of an unknown authority, for another name, and expired.
        using var issued = _certificates.IssueServer(["x.example"], new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2021, 1, 1, 0, 0, 0, TimeSpan.Zero));
        using var stream = await SucceedAsync(issued, new TlsClientOptions { Fingerprints = [new byte[32], issued.GetCertHash(HashAlgorithmName.SHA256)] });
    }

    [Fact]
    public async Task ConnectAsync_OtherThanThePinnedCertificate_IsRefusedWhateverItIs()
    {
        using var issued = _certificates.IssueServer(["b.example"]);
        var options = Files(new TlsClientSettings { Authorities = _certificates.RootPath }) with { Fingerprints = [new byte[32]] };
        var result = await FailAsync(issued, options);
        Assert.Contains(Convert.ToHexString(issued.GetCertHash(HashAlgorithmName.SHA256)), result.Error);
    }

    [Fact]
    public async Task ConnectAsync_PinAndAuthorities_MustBothAgree()
    {
        using var issued = _certificates.IssueServer(["x.example"]);
        var options = Files(new TlsClientSettings { Authorities = _certificates.RootPath }) with { Fingerprints = [issued.GetCertHash(HashAlgorithmName.SHA256)] };
        Assert.Contains("not for 'b.example'", (await FailAsync(issued, options)).Error);
        using var right = _certificates.IssueServer(["b.example"]);
        using var stream = await SucceedAsync(right, options with { Fingerprints = [right.GetCertHash(HashAlgorithmName.SHA256)] });
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task ConnectAsync_ClientCertificate_IsShown(SslProtocols version)
    {
        using var issued = _certificates.IssueServer(["b.example"]);
        using var client = _certificates.IssueClient("edge");
        var (certificate, key) = _certificates.WritePair("edge", client);
        var options = Files(new TlsClientSettings { Authorities = _certificates.RootPath, Certificate = certificate, Key = key, CertificateKeyPath = "c" }) with { Protocols = version };
        var serving = ServeAsync(issued, asksForCertificate: true);
        var result = await _connector.ConnectAsync(Request(options), default).AsTask().WaitAsync(Limit);
        Assert.True(result.IsConnected, result.Error);
        using var stream = result.Stream;
        Assert.Equal("CN=edge", (await serving.WaitAsync(Limit)).Stream.RemoteCertificate?.Subject);
    }

    [Fact]
    public async Task ConnectAsync_FilesThatWereNeverLoaded_DoesNotDial()
    {
        var files = new TlsClientFiles(new TlsClientSettings { Authorities = "missing.pem", AuthoritiesKeyPath = "k" }, _certificates.Directory);
        var errors = new List<WmProxy.Configuration.ConfigError>();
        files.Reload(errors);
        Assert.Equal("k", Assert.Single(errors).Path);
        var result = await _connector.ConnectAsync(Request(new TlsClientOptions { Files = files }), default);
        Assert.Equal(ConnectFault.Local, result.Fault);
        Assert.False(_listener.Pending());
    }

    [Fact]
    public async Task Reload_ChangedFiles_AreUsedByTheNextHandshake()
    {
        using var others = new TestCertificates("Other Root");
        var path = _certificates.Write("authorities.pem", others.Root.ExportCertificatePem());
        var files = new TlsClientFiles(new TlsClientSettings { Authorities = path }, _certificates.Directory);
        Assert.Null(Assert.Single(files.Reload([])));
        using var issued = _certificates.IssueServer(["b.example"]);
        await FailAsync(issued, new TlsClientOptions { Files = files });

        _certificates.Write("authorities.pem", _certificates.Root.ExportCertificatePem());
        Assert.Null(Assert.Single(files.Reload([])));
        using var stream = await SucceedAsync(issued, new TlsClientOptions { Files = files });

        // What cannot be used changes nothing.
        _certificates.Write("authorities.pem", "nothing");
        var errors = new List<WmProxy.Configuration.ConfigError>();
        Assert.Empty(files.Reload(errors));
        Assert.Single(errors);
        using var again = await SucceedAsync(issued, new TlsClientOptions { Files = files });
    }

    [Fact]
    public async Task ConnectAsync_TcpFails_IsPassedOn()
    {
        _listener.Stop();
        var result = await _connector.ConnectAsync(Request(AcceptAny), default);
        Assert.Equal(ConnectionEndReason.ConnectFailed, result.Failure);
        Assert.Equal("refused", result.Error);
    }

    private ConnectRequest Request(TlsClientOptions? tls) => new()
    {
        Address = new DestinationAddress
        {
            Scheme = "tls",
            Host = "127.0.0.1",
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port,
            ServerName = "b.example",
        },
        Tls = tls,
    };

    private TlsClientOptions Files(TlsClientSettings settings)
    {
        var files = new TlsClientFiles(settings, _certificates.Directory);
        var errors = new List<WmProxy.Configuration.ConfigError>();
        files.Reload(errors);
        Assert.Empty(errors);
        Assert.True(files.IsComplete);
        return new TlsClientOptions { Files = files };
    }

    private async Task<TransportStream> SucceedAsync(X509Certificate2 certificate, TlsClientOptions options)
    {
        var serving = ServeAsync(certificate);
        var result = await _connector.ConnectAsync(Request(options), default).AsTask().WaitAsync(Limit);
        Assert.True(result.IsConnected, result.Error);
        await serving.WaitAsync(Limit);
        return result.Stream;
    }

    private async Task<ConnectResult> FailAsync(X509Certificate2 certificate, TlsClientOptions? options = null)
    {
        var serving = ServeAsync(certificate);
        var result = await _connector.ConnectAsync(Request(options), default).AsTask().WaitAsync(Limit);
        Assert.False(result.IsConnected);
        Assert.Equal(ConnectionEndReason.ConnectFailed, result.Failure);

        // The destination learns that it was refused: by an alert in the handshake, or by the connection's end.
        await Record.ExceptionAsync(() => serving.WaitAsync(Limit));
        Assert.True(serving.IsCompleted);
        return result;
    }

    private async Task<Socket> AnswerAsync(string text)
    {
        var socket = await _listener.AcceptSocketAsync();
        await socket.SendAsync(Encoding.ASCII.GetBytes(text));
        return socket;
    }

    private async Task<(SslStream Stream, string Preface, string? Name)> ServeAsync(X509Certificate2 certificate, int preface = 0, bool asksForCertificate = false)
    {
        var socket = await _listener.AcceptSocketAsync();
        var network = new NetworkStream(socket, ownsSocket: true);
        var buffer = new byte[preface];
        await network.ReadExactlyAsync(buffer);
        var stream = new SslStream(network);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(_certificates.ChainPem(certificate));
        await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, chain, offline: true),
            ClientCertificateRequired = asksForCertificate,
            RemoteCertificateValidationCallback = static (_, _, _, _) => true,
        });
        return (stream, Encoding.ASCII.GetString(buffer), stream.TargetHostName);
    }

    /// <summary>What the connector for <c>tcp</c> promises.</summary>
    private sealed class LoopbackConnector : IConnector
    {
        public IReadOnlyList<string> Schemes => ["tcp"];

        public async ValueTask<ConnectResult> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(request.Address.Host), request.Address.Port), cancellationToken);
                await socket.SendAsync(request.Preface, cancellationToken);
                return ConnectResult.Connected(new SocketTransportStream(socket));
            }
            catch (SocketException)
            {
                socket.Dispose();
                return ConnectResult.Failed(ConnectionEndReason.ConnectFailed, "refused");
            }
        }
    }
}
