using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Connections.Tls;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Connections.Tls;

public sealed class TlsServerHandshakeTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("a.example", "a.example")]
    [InlineData("A.Example", "a.example")]
    [InlineData("x.wild.example", "wild.example")]
    [InlineData("x.y.wild.example", "wild.example")]
    [InlineData("x.deep.wild.example", "deep.wild.example")]
    [InlineData("wild.example", "fallback.example")]
    [InlineData("other.example", "fallback.example")]
    [InlineData("127.0.0.1", "fallback.example")] // An address is no name: SslStream sends none.
    public async Task Authenticate_ServerName_ChoosesTheCertificate(string serverName, string expected)
    {
        var model = CreateModel(new StreamTlsConfig
        {
            Certificate = TlsTestPair.WriteCertificate(_certificates, "fallback.example"),
            Sni = Sni("a.example", "*.wild.example", "*.deep.wild.example"),
        });
        using var pair = await TlsTestPair.EstablishAsync(model, o => o.TargetHost = serverName);
        Assert.Equal($"CN={expected}", pair.ClientTls!.RemoteCertificate!.Subject);
        Assert.Equal(serverName == "127.0.0.1" ? null : serverName, pair.ServerTls!.ServerName, ignoreCase: true);
    }

    [Fact]
    public async Task Authenticate_StarEntry_WinsOverTheListeners()
    {
        using var issued = _certificates.IssueServer(["star.example"]);
        var (path, key) = _certificates.WritePair("star", issued);
        var model = CreateModel(new StreamTlsConfig
        {
            Certificate = TlsTestPair.WriteCertificate(_certificates, "fallback.example"),
            Sni = new(new Dictionary<string, StreamSniConfig> { ["*"] = new() { Certificate = new() { Path = path, KeyPath = key } } }),
        });
        using var pair = await TlsTestPair.EstablishAsync(model);
        Assert.Equal("CN=star.example", pair.ClientTls!.RemoteCertificate!.Subject);
    }

    [Fact]
    public async Task Authenticate_NoCertificateForTheName_SendsUnrecognizedName()
    {
        var model = CreateModel(new StreamTlsConfig { Sni = Sni("a.example") });
        using var pair = await TlsTestPair.ConnectAsync();
        var (result, failure) = await pair.HandshakeAsync(model, o => o.TargetHost = "b.example");
        Assert.Equal(ConnectionEndReason.TlsHandshakeFailed, result.Failure);
        Assert.Contains("b.example", result.Error);
        Assert.Contains("unrecognized name", Assert.IsType<AuthenticationException>(failure).ToString());
    }

    [Fact]
    public async Task Authenticate_Chain_IsSentWhole()
    {
        var model = CreateModel(new StreamTlsConfig { Certificate = TlsTestPair.WriteCertificate(_certificates, "a.example") });
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(_certificates.Root.RawData));
        using var pair = await TlsTestPair.EstablishAsync(model, o => (o.CertificateChainPolicy, o.RemoteCertificateValidationCallback) = (policy, null));
        Assert.NotNull(pair.ServerTls);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Authenticate_Version_IsAgreed(SslProtocols version)
    {
        var model = CreateModel(new StreamTlsConfig { Certificate = TlsTestPair.WriteCertificate(_certificates, "a.example") });
        using var pair = await TlsTestPair.EstablishAsync(model, o => o.EnabledSslProtocols = version);
        Assert.Equal(version, pair.ServerTls!.Protocol);
    }

    [Theory]
    [InlineData("", "h2,http/1.1", null)]
    [InlineData("", "", null)]
    [InlineData("mqtt,x", "x,mqtt", "mqtt")]
    [InlineData("mqtt", "", null)]
    public async Task Authenticate_Alpn_IsAgreedByTheServersPreference(string server, string client, string? expected)
    {
        var model = CreateModel(new StreamTlsConfig
        {
            Certificate = TlsTestPair.WriteCertificate(_certificates, "a.example"),
            AlpnProtocols = [.. server.Split(',', StringSplitOptions.RemoveEmptyEntries)],
        });
        using var pair = await TlsTestPair.EstablishAsync(model, o => o.ApplicationProtocols = Protocols(client));
        Assert.Equal(expected, pair.ServerTls!.ApplicationProtocol);
        Assert.Equal(expected ?? "", pair.ClientTls!.NegotiatedApplicationProtocol.ToString());
    }

    [Fact]
    public async Task Authenticate_NoCommonAlpn_FailsWithNoApplicationProtocol()
    {
        var model = CreateModel(new StreamTlsConfig { Certificate = TlsTestPair.WriteCertificate(_certificates, "a.example"), AlpnProtocols = ["mqtt"] });
        using var pair = await TlsTestPair.ConnectAsync();
        var (result, failure) = await pair.HandshakeAsync(model, o => o.ApplicationProtocols = Protocols("h2"));
        Assert.Equal(ConnectionEndReason.TlsHandshakeFailed, result.Failure);
        Assert.Contains("no application protocol", failure!.ToString());
    }

    [Theory]
    [InlineData(ClientCertificateMode.NoCertificate, "none", true)]
    [InlineData(ClientCertificateMode.AllowCertificate, "none", true)]
    [InlineData(ClientCertificateMode.AllowCertificate, "good", true)]
    [InlineData(ClientCertificateMode.AllowCertificate, "foreign", false)]
    [InlineData(ClientCertificateMode.RequireCertificate, "none", false)]
    [InlineData(ClientCertificateMode.RequireCertificate, "good", true)]
    [InlineData(ClientCertificateMode.RequireCertificate, "foreign", false)]
    [InlineData(ClientCertificateMode.RequireCertificate, "expired", false)]
    [InlineData(ClientCertificateMode.RequireCertificate, "server", false)]
    public async Task Authenticate_ClientCertificate_FollowsTheMode(ClientCertificateMode mode, string kind, bool expected)
    {
        foreach (var version in new[] { SslProtocols.Tls12, SslProtocols.Tls13 })
        {
            using var others = new TestCertificates("Other Root");
            using var certificate = kind switch
            {
                "good" => _certificates.IssueClient("alice"),
                "foreign" => others.IssueClient("mallory"),
                "expired" => _certificates.IssueClient("late", DateTimeOffset.UtcNow.AddDays(-9), DateTimeOffset.UtcNow.AddDays(-1)),
                "server" => _certificates.IssueServer(["alice"]),
                _ => null,
            };
            var issuer = (kind == "foreign" ? others : _certificates).ChainPem(_certificates.Root);
            var model = CreateModel(new StreamTlsConfig
            {
                Certificate = TlsTestPair.WriteCertificate(_certificates, "a.example"),
                ClientCertificateMode = mode,
                ClientCertificateAuthorities = mode == ClientCertificateMode.NoCertificate ? null : _certificates.RootPath,
            });
            using var pair = await TlsTestPair.ConnectAsync();
            var (result, _) = await pair.HandshakeAsync(model, o =>
            {
                o.EnabledSslProtocols = version;
                if (certificate is not null)
                {
                    var chain = new X509Certificate2Collection();
                    chain.ImportFromPem(issuer);
                    o.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, chain, offline: true);
                }
            });
            Assert.True(expected == result.IsCompleted, result.Error);
            if (expected)
            {
                Assert.Equal(kind == "good" ? "CN=alice" : null, result.Stream!.PeerCertificate?.Subject);
                continue;
            }

            Assert.Equal(ConnectionEndReason.TlsHandshakeFailed, result.Failure);
            Assert.Contains(
                kind switch { "none" => "no certificate", "expired" => "expired", "server" => "not made for this use", _ => "is not known" },
                result.Error);
            Assert.Equal(kind != "none", result.Error!.Contains("CN="));
        }
    }

    [Fact]
    public async Task Authenticate_ModeOfTheName_IsUsed()
    {
        var sni = Sni("a.example", "b.example");
        var model = CreateModel(new StreamTlsConfig
        {
            Sni = new(new Dictionary<string, StreamSniConfig>
            {
                ["a.example"] = sni["a.example"] with { ClientCertificateMode = ClientCertificateMode.RequireCertificate },
                ["b.example"] = sni["b.example"],
            }),
            ClientCertificateAuthorities = _certificates.RootPath,
        });
        using (var open = await TlsTestPair.EstablishAsync(model, o => o.TargetHost = "b.example"))
        {
            Assert.Null(open.ServerTls!.PeerCertificate);
        }

        using var closed = await TlsTestPair.ConnectAsync();
        var (result, _) = await closed.HandshakeAsync(model);
        Assert.Equal(ConnectionEndReason.TlsHandshakeFailed, result.Failure);
    }

    [Fact]
    public async Task Authenticate_HelloLookedAtBefore_IsReadFromTheBuffer()
    {
        var model = CreateModel(new StreamTlsConfig { Certificate = TlsTestPair.WriteCertificate(_certificates, "a.example") });
        using var pair = await TlsTestPair.ConnectAsync();
        using var client = new SslStream(new NetworkStream(pair.Client));
        var connecting = client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "a.example", RemoteCertificateValidationCallback = (_, _, _, _) => true });
        Assert.True(await pair.Server.FillBufferAsync(16384, default).AsTask().WaitAsync(TlsTestPair.Limit) > 5);
        Assert.Equal(22, pair.Server.Buffered.Span[0]);
        var result = await TlsServerHandshake.AuthenticateAsync(pair.Server, model, "a.example", default).AsTask().WaitAsync(TlsTestPair.Limit);
        await connecting.WaitAsync(TlsTestPair.Limit);
        Assert.True(result.IsCompleted, result.Error);
        Assert.Equal("a.example", result.Stream.ServerName);
        result.Stream.Dispose();
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001\u0000\u0005\u0001\u0000\u0000\u0001\u0000")]
    [InlineData("\u0017\u0003\u0003\u0000\u0001\u0000")]
    public async Task Authenticate_NotTls_Fails(string garbage)
    {
        var model = CreateModel(new StreamTlsConfig { Certificate = TlsTestPair.WriteCertificate(_certificates, "a.example") });
        using var pair = await TlsTestPair.ConnectAsync();
        await pair.Client.SendAsync(Encoding.Latin1.GetBytes(garbage));
        var result = await TlsServerHandshake.AuthenticateAsync(pair.Server, model, null, default).AsTask().WaitAsync(TlsTestPair.Limit);
        Assert.Equal(ConnectionEndReason.TlsHandshakeFailed, result.Failure);
        Assert.NotEmpty(result.Error!);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(3, false)]
    [InlineData(40, false)]
    [InlineData(40, true)]
    public async Task Authenticate_ClientLeaves_IsClientGone(int sentBytes, bool reset)
    {
        var model = CreateModel(new StreamTlsConfig { Certificate = TlsTestPair.WriteCertificate(_certificates, "a.example") });
        using var pair = await TlsTestPair.ConnectAsync();
        var hello = new byte[] { 22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3 };
        Array.Resize(ref hello, 40);
        await pair.Client.SendAsync(hello.AsMemory(0, sentBytes));
        pair.Client.LingerState = new LingerOption(reset, 0);
        pair.Client.Close();
        var result = await TlsServerHandshake.AuthenticateAsync(pair.Server, model, null, default).AsTask().WaitAsync(TlsTestPair.Limit);
        Assert.Equal(ConnectionEndReason.ClientGone, result.Failure);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Authenticate_AbortedOrCancelledMeanwhile_IsClientGone(bool abort)
    {
        var model = CreateModel(new StreamTlsConfig { Certificate = TlsTestPair.WriteCertificate(_certificates, "a.example") });
        using var pair = await TlsTestPair.ConnectAsync();
        using var cancellation = new CancellationTokenSource();
        var authenticating = TlsServerHandshake.AuthenticateAsync(pair.Server, model, null, cancellation.Token).AsTask();
        if (abort)
        {
            pair.Server.Abort();
        }
        else
        {
            await cancellation.CancelAsync();
        }

        var result = await authenticating.WaitAsync(TlsTestPair.Limit);
        Assert.Equal(ConnectionEndReason.ClientGone, result.Failure);
    }

    [Fact]
    public async Task Authenticate_OpenSslClient_AgreesAndIsAnswered()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/openssl"), "openssl is not installed");
        var model = CreateModel(new StreamTlsConfig { Certificate = TlsTestPair.WriteCertificate(_certificates, "a.example"), AlpnProtocols = ["x"] });
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var openssl = Process.Start(new ProcessStartInfo("/usr/bin/openssl",
            ["s_client", "-connect", listener.LocalEndpoint.ToString()!, "-servername", "a.example", "-alpn", "x", "-CAfile", _certificates.RootPath, "-verify_return_error", "-verify_hostname", "a.example"])
        { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = openssl.StandardError.ReadToEndAsync();
        var output = openssl.StandardOutput.ReadToEndAsync();
        using var transport = new SocketTransportStream(await listener.AcceptSocketAsync().WaitAsync(TlsTestPair.Limit));
        var result = await TlsServerHandshake.AuthenticateAsync(transport, model, null, default).AsTask().WaitAsync(TlsTestPair.Limit);
        Assert.True(result.IsCompleted, result.Error);
        await openssl.StandardInput.WriteAsync("ping\n");
        await openssl.StandardInput.FlushAsync();
        var buffer = new byte[5];
        await result.Stream.ReadExactlyAsync(buffer).AsTask().WaitAsync(TlsTestPair.Limit);
        Assert.Equal("ping\n", Encoding.ASCII.GetString(buffer));
        await result.Stream.WriteAsync("pong\n"u8.ToArray());
        await result.Stream.CompleteWritesAsync(default);
        await openssl.WaitForExitAsync().WaitAsync(TlsTestPair.Limit);
        var text = await output;
        Assert.Contains("pong\n", text);
        Assert.Contains("ALPN protocol: x", text);
        Assert.Contains("Verify return code: 0 (ok)", text);
        Assert.DoesNotContain("unexpected eof", await errors);
    }

    [Fact]
    public async Task Authenticate_ManyAtOnce_ShareTheOptionsUnchanged()
    {
        var model = CreateModel(new StreamTlsConfig
        {
            Certificate = TlsTestPair.WriteCertificate(_certificates, "a.example"),
            ClientCertificateMode = ClientCertificateMode.RequireCertificate,
            ClientCertificateAuthorities = _certificates.RootPath,
        });
        using var certificate = _certificates.IssueClient("alice");
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(_certificates.ChainPem(certificate));
        var context = SslStreamCertificateContext.Create(certificate, chain, offline: true);
        var tasks = new Task[16];
        for (var i = 0; i < tasks.Length; i++)
        {
            tasks[i] = Task.Run(async () =>
            {
                using var pair = await TlsTestPair.EstablishAsync(model, o => o.ClientCertificateContext = context);
                Assert.Equal("CN=alice", pair.ServerTls!.PeerCertificate!.Subject);
            });
        }

        await Task.WhenAll(tasks).WaitAsync(TlsTestPair.Limit);
        Assert.Empty(model.Select(null)!.CertificateChainPolicy!.ExtraStore);
    }

    private TlsServerModel CreateModel(StreamTlsConfig config) => TlsTestPair.CreateModel(_certificates, config);

    private EquatableDictionary<StreamSniConfig> Sni(params string[] names)
    {
        var entries = new Dictionary<string, StreamSniConfig>();
        foreach (var name in names)
        {
            entries[name] = new StreamSniConfig { Certificate = TlsTestPair.WriteCertificate(_certificates, name) };
        }

        return new(entries);
    }

    private static List<SslApplicationProtocol>? Protocols(string names) =>
        names.Length == 0 ? null : [.. names.Split(',').Select(n => new SslApplicationProtocol(n))];
}
