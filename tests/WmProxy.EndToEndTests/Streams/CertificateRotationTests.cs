using System;
using System.Diagnostics;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Streams;

/// <summary>A certificate that its owner renews while the program runs.</summary>
public sealed class CertificateRotationTests
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Renew_FilesReplaced_NewClientsGetItWithinFiveSecondsAndOldConnectionsLive()
    {
        using var authority = new TestCertificates(intermediate: false);
        using var first = authority.IssueServer(["service.example"]);
        using var second = authority.IssueServer(["service.example"]);
        var files = authority.WritePair("service", first);
        await using var echo = new EchoServer();
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            { "WmProxy": { "Streams": { "tls": {
              "Listen": "tls://127.0.0.2:0", "To": "{{echo.Address}}",
              "Tls": { "Certificate": { "Path": "{{files.Certificate}}", "KeyPath": "{{files.Key}}" } }
            } } } }
            """);
        Assert.Equal(first.SerialNumber.TrimStart('0'), await SerialAsync(proxy));
        using var connection = await proxy.ConnectAsync("127.0.0.2");
        await using var old = new SslStream(new System.Net.Sockets.NetworkStream(connection.Socket));
        await old.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "service.example",
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority.Root }, RevocationMode = X509RevocationMode.NoCheck,
            },
        }).Within();

        var watch = Stopwatch.StartNew();
        authority.WritePair("service", second);
        await Deadline.PollAsync(async () => await SerialAsync(proxy) == second.SerialNumber.TrimStart('0'));

        Assert.True(watch.Elapsed < Promised, $"The new certificate came after {watch.Elapsed}.\n{proxy.Output}");
        await old.WriteAsync("ping"u8.ToArray());
        var answer = new byte[4];
        await old.ReadExactlyAsync(answer).AsTask().Within();
        Assert.Equal("ping"u8.ToArray(), answer);
    }

    private static async Task<string> SerialAsync(WmProxyProcess proxy)
    {
        var openssl = ExternalTool.Require("openssl", "openssl");
        var session = await openssl.RunAsync(["s_client", "-connect", proxy.Authority("127.0.0.2"), "-servername", "service.example"]);
        var serial = await openssl.RunAsync(["x509", "-noout", "-serial"], session.Output);
        Assert.True(serial.ExitCode == 0, $"{session}\n{serial}");

        // .NET shows the sign's byte as well.
        return serial.Output.Trim()["serial=".Length..].TrimStart('0');
    }
}
