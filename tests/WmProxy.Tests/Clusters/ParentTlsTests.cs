using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Clusters;
using WmProxy.Connectors;
using WmProxy.Tests.Common;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Tests.Clusters;

/// <summary>TLS to destinations, as metadata have it.</summary>
public sealed class ParentTlsTests : IDisposable
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(20);

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("socks5+tls")]
    [InlineData("https+connect")]
    public async Task DialAsync_MutualTls_ReachesTheTarget(string scheme)
    {
        using var issued = _certificates.IssueServer(["127.0.0.1"]);
        using var client = _certificates.IssueClient("edge");
        var (certificate, key) = _certificates.WritePair("edge", client);
        X509Certificate? shown = null;
        await using var parent = ParentServer.Start(scheme, Server(issued, (_, peer, _, _) => (shown = peer) is not null));
        using var target = Loopback.Listen();
        await using var host = Create(parent.ParentAddress, ("Tls.CertificateAuthorities", "root.pem"), ("Tls.ClientCertificate", certificate), ("Tls.ClientCertificateKey", key));
        var result = await DialAsync(host, Loopback.PortOf(target));
        Assert.True(result.IsConnected, result.Error);
        await using var stream = result.Stream;
        using var accepted = await target.AcceptAsync().WaitAsync(Hang);
        await stream.WriteAsync("hello"u8.ToArray());
        Assert.Equal("hello", await Loopback.ReadAsync(accepted, 5));
        Assert.Equal("CN=edge", shown?.Subject);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task DialAsync_PinOfTheDestination_GoesBeforeTheClusters(bool isRight)
    {
        using var issued = _certificates.IssueServer(["other.example"]);
        await using var parent = ParentServer.Start("https+connect", Server(issued));
        using var target = Loopback.Listen();
        var pin = Convert.ToHexString(issued.GetCertHash(HashAlgorithmName.SHA256));
        var wrong = new string('0', 64);
        var cluster = ClusterHost.Cluster(parent.ParentAddress) with { Metadata = Metadata(("Tls.Fingerprint", isRight ? wrong : pin)) };
        cluster = cluster with { Destinations = new Dictionary<string, DestinationConfig> { ["a"] = cluster.Destinations!["a"] with { Metadata = Metadata(("Tls.Fingerprint", isRight ? pin : wrong)) } } };
        await using var host = ClusterHost.Create(cluster);
        var result = await DialAsync(host, Loopback.PortOf(target));
        Assert.Equal(isRight, result.IsConnected);
        if (isRight)
        {
            await result.Stream!.DisposeAsync();
        }
        else
        {
            Assert.Equal(ConnectFault.Destination, result.Fault);
            Assert.Contains(pin, result.Error);
        }
    }

    [Fact]
    public async Task DialAsync_FilesReplaced_AreUsedWithinTwoSeconds()
    {
        using var issued = _certificates.IssueServer(["127.0.0.1"]);
        await using var parent = ParentServer.Start("https+connect", Server(issued));
        using var target = Loopback.Listen();
        using var others = new TestCertificates("Other Root");
        var path = _certificates.Write("ca.pem", others.Root.ExportCertificatePem());
        var time = new FakeTimeProvider();
        var cluster = ClusterHost.Cluster(parent.ParentAddress) with { Metadata = Metadata(("Tls.CertificateAuthorities", path)) };
        await using var host = ClusterHost.Create(cluster, services => services.AddSingleton<TimeProvider>(time));
        Assert.Equal(ConnectFault.Destination, (await DialAsync(host, Loopback.PortOf(target))).Fault);

        File.Copy(_certificates.RootPath, path, overwrite: true);
        time.Advance(TimeSpan.FromSeconds(2));
        var result = await DialAsync(host, Loopback.PortOf(target));
        Assert.True(result.IsConnected, result.Error);
        await result.Stream.DisposeAsync();

        // A reload that names no files watches none.
        await host.UpdateAsync(ClusterHost.Cluster(parent.ParentAddress));
        Assert.Contains("not known", (await DialAsync(host, Loopback.PortOf(target))).Error);
    }

    [Fact]
    public async Task DialAsync_StreamsTlsDestination_IsVerifiedByTheMetadataToo()
    {
        using var issued = _certificates.IssueServer(["127.0.0.1"]);
        await using var server = new TestServerSocket(async (connection, token) =>
        {
            using var ssl = new SslStream(new System.Net.Sockets.NetworkStream(connection.Socket));
            await ssl.AuthenticateAsServerAsync(Server(issued), token);
            await connection.ReadToEndAsync();
        });
        await using var host = Create($"tls://{server.EndPoint}", ("Tls.CertificateAuthorities", "root.pem"));
        var result = await host.DialAsync();
        Assert.True(result.IsConnected, result.Error);
        await result.Stream.DisposeAsync();
    }

    private SslServerAuthenticationOptions Server(X509Certificate2 issued, RemoteCertificateValidationCallback? verify = null)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(_certificates.ChainPem(issued));
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(issued, chain, offline: true),
            ClientCertificateRequired = verify is not null,
            RemoteCertificateValidationCallback = verify,
        };
    }

    private ClusterHost Create(string address, params (string Key, string Value)[] metadata) => ClusterHost.Create(
        ClusterHost.Cluster(address) with { Metadata = Metadata(metadata) },
        services => services.Configure<WmProxy.Configuration.WmProxyOptions>(options => options.BaseDirectory = _certificates.Directory));

    private static Dictionary<string, string> Metadata(params (string Key, string Value)[] items)
    {
        var metadata = new Dictionary<string, string>();
        foreach (var (key, value) in items)
        {
            metadata.Add(key, value);
        }

        return metadata;
    }

    private static Task<DialResult> DialAsync(ClusterHost host, int port) => host.Dialer.DialAsync(
        new DialRequest { ClusterId = "c", ConnectAttempts = 1, ConnectTimeout = Hang, Target = new ForwardTarget("t.example", null, port) }, default).AsTask().WaitAsync(Hang);
}
