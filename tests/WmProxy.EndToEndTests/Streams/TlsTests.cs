using System;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Streams;

public sealed class TlsTests
{
    private static ExternalTool OpenSsl => ExternalTool.Require("openssl", "openssl");

    [Fact]
    public async Task SniPassThrough_TwoNamesOnOnePort_EachReachesItsServer()
    {
        using var folder = new TempDirectory();
        using var certificates = new TestCertificates(intermediate: false);
        await using var shop = await StartServerAsync(certificates.WritePair("shop", certificates.IssueServer(["www.shop.example"])), folder);
        await using var mail = await StartServerAsync(certificates.WritePair("mail", certificates.IssueServer(["mail.example"])), folder);
        // Streams share a port only when they name it.
        var port = FreePort.Next();
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "WmProxy": {
                "Streams": {
                  "shop": { "Listen": "tcp://127.0.0.2:{{port}}", "Match": { "ServerNames": [ "*.shop.example" ] }, "To": "tcp://{{await AddressAsync(shop)}}" },
                  "mail": { "Listen": "tcp://127.0.0.2:{{port}}", "Match": { "ServerNames": [ "mail.example" ] }, "To": "tcp://{{await AddressAsync(mail)}}" }
                }
              }
            }
            """);

        await proxy.WaitForPortAsync($"{port}");

        // The server's own certificate is checked by name: it was not terminated on the way.
        foreach (var name in (string[])["www.shop.example", "mail.example"])
        {
            var result = await ClientAsync($"127.0.0.2:{port}", certificates, name, "hello\nCLOSE\n");

            // Not by its exit code: what s_client still sends after s_server has closed may be answered with a reset, with or without a proxy.
            Assert.True(result.Output == "olleh\n", $"{name}: {result}\n{proxy.Output}");
        }

        var unknown = await ClientAsync($"127.0.0.2:{port}", certificates, "unknown.example", "hello\nCLOSE\n");
        Assert.NotEqual(0, unknown.ExitCode);
        Assert.DoesNotContain("olleh", unknown.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task MutualTls_GoodMissingAndWrongCertificate_OnlyTheGoodOneGetsThrough(string version)
    {
        using var authority = new TestCertificates(intermediate: false);
        using var stranger = new TestCertificates("stranger", intermediate: false);
        var server = authority.WritePair("server", authority.IssueServer(["mqtt.example"]));
        var good = authority.WritePair("good", authority.IssueClient("good-client"));
        var wrong = stranger.WritePair("wrong", stranger.IssueClient("wrong-client"));
        await using var backend = new ScriptedPeer(script => script.ReadUntil("\n").Write("welcome\n").HalfClose().ReadToEnd());
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "WmProxy": {
                "Streams": {
                  "mqtts": {
                    "Listen": "tls://127.0.0.2:0", "To": "{{backend.Address}}",
                    "Tls": {
                      "Certificate": { "Path": "{{server.Certificate}}", "KeyPath": "{{server.Key}}" },
                      "ClientCertificateMode": "RequireCertificate", "ClientCertificateAuthorities": "{{authority.RootPath}}"
                    }
                  }
                }
              }
            }
            """);

        var accepted = await ClientAsync(proxy.Authority("127.0.0.2"), authority, "mqtt.example", "hello\n", version, "-cert", good.Certificate, "-key", good.Key);
        Assert.True(accepted.ExitCode == 0, accepted.ToString());
        Assert.Equal("welcome\n", accepted.Output);
        Assert.Equal(1, backend.AcceptedCount);

        var missing = await ClientAsync(proxy.Authority("127.0.0.2"), authority, "mqtt.example", "hello\n", version);
        Assert.DoesNotContain("welcome", missing.Output, StringComparison.Ordinal);
        Assert.NotEqual(0, missing.ExitCode);

        var refused = await ClientAsync(proxy.Authority("127.0.0.2"), authority, "mqtt.example", "hello\n", version, "-cert", wrong.Certificate, "-key", wrong.Key);
        Assert.DoesNotContain("welcome", refused.Output, StringComparison.Ordinal);
        Assert.NotEqual(0, refused.ExitCode);

        // Nothing is dialled for a client that was not let in.
        Assert.Equal(1, backend.AcceptedCount);
    }

    private static Task<ToolResult> ClientAsync(string address, TestCertificates authority, string name, string input, params string[] more) =>
        OpenSsl.RunAsync(
            [
                "s_client", "-connect", address, "-servername", name, "-verify_hostname", name, "-CAfile", authority.RootPath,
                "-verify_return_error", "-quiet", .. more,
            ],
            input);

    private static Task<ToolProcess> StartServerAsync((string Certificate, string Key) certificate, TempDirectory folder) =>
        OpenSsl.StartAsync(
            ["s_server", "-accept", "127.0.0.1:0", "-cert", certificate.Certificate, "-key", certificate.Key, "-rev"], folder.Path, "ACCEPT ");

    private static async Task<string> AddressAsync(ToolProcess server) => (await server.WaitForAsync(@"ACCEPT (127\.0\.0\.1:\d+)")).Groups[1].Value;
}
