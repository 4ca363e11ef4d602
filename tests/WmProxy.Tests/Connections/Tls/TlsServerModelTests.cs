using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using WmProxy.Configuration;
using WmProxy.Connections.Tls;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Connections.Tls;

public sealed class TlsServerModelTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("pair")]
    [InlineData("encrypted")]
    [InlineData("combined")]
    [InlineData("pfx")]
    [InlineData("rsa")]
    public async Task TryCreate_EveryKindOfFile_Serves(string kind)
    {
        using var issued = _certificates.IssueServer(["a.example"], rsa: kind == "rsa");
        var (path, key) = _certificates.WritePair("a", issued);
        var config = kind switch
        {
            "encrypted" => new CertificateConfig { Path = path, KeyPath = _certificates.Write("e.key", TestCertificates.EncryptedKeyPem(issued, "s3cret")), Password = "s3cret" },
            "combined" => new CertificateConfig { Path = _certificates.Write("both.pem", TestCertificates.KeyPem(issued) + "\n" + _certificates.ChainPem(issued)) },
            "pfx" => new CertificateConfig { Path = _certificates.WritePfx("a", issued, "s3cret"), Password = "s3cret" },
            _ => new CertificateConfig { Path = "a.crt", KeyPath = "a.key" },
        };
        using var pair = await TlsTestPair.EstablishAsync(TlsTestPair.CreateModel(_certificates, new StreamTlsConfig { Certificate = config }));
        Assert.Equal(issued.Thumbprint, ((System.Security.Cryptography.X509Certificates.X509Certificate2)pair.ClientTls!.RemoteCertificate!).Thumbprint);
    }

    [Fact]
    public void TryCreate_UnusableCertificate_SaysWhatIsWrongAndWhere()
    {
        using var issued = _certificates.IssueServer(["a.example"]);
        using var other = _certificates.IssueServer(["b.example"]);
        var (path, key) = _certificates.WritePair("a", issued);
        var (_, otherKey) = _certificates.WritePair("b", other);
        var encrypted = _certificates.Write("e.key", TestCertificates.EncryptedKeyPem(issued, "s3cret"));
        var pfx = _certificates.WritePfx("a", issued, "s3cret");
        var text = _certificates.Write("text.pem", "not a certificate");

        AssertError(new() { Path = "none.crt", KeyPath = key }, "T:Certificate:Path", "no file", "none.crt");
        AssertError(new() { Path = path, KeyPath = "none.key" }, "T:Certificate:KeyPath", "no file", "none.key");
        AssertError(new() { Path = path, KeyPath = otherKey }, "T:Certificate:KeyPath", "does not belong");
        AssertError(new() { Path = path }, "T:Certificate:KeyPath", "no private key");
        AssertError(new() { Path = path, KeyPath = path }, "T:Certificate:KeyPath", "no private key");
        AssertError(new() { Path = text, KeyPath = key }, "T:Certificate:Path", "no certificate");
        AssertError(new() { Path = key, KeyPath = key }, "T:Certificate:Path", "no certificate");
        AssertError(new() { Path = path, KeyPath = encrypted }, "T:Certificate:Password", "encrypted");
        AssertError(new() { Path = path, KeyPath = encrypted, Password = "wrong1" }, "T:Certificate:Password", "does not open");
        AssertError(new() { Path = pfx, Password = "wrong1" }, "T:Certificate:Password", "does not open");
        AssertError(new() { Path = pfx }, "T:Certificate:Password", "does not open");
        AssertError(new(), "T:Certificate", "missing");
        AssertError(new() { Path = path, Subject = "x" }, "T:Certificate", "not both");
        AssertError(new() { Subject = "wmproxy-no-such-subject" }, "T:Certificate:", "");
        AssertError(new() { Subject = "x", Location = "Moon" }, "T:Certificate:Location", "LocalMachine");
    }

    [Fact]
    public void TryCreate_WrongRules_AreAllReported()
    {
        var certificate = TlsTestPair.WriteCertificate(_certificates, "a.example");
        var errors = Errors(new StreamTlsConfig
        {
            Certificate = certificate,
            ClientCertificateMode = ClientCertificateMode.DelayCertificate,
            AlpnProtocols = ["ok", ""],
            ClientCertificateAuthorities = "none.pem",
            Sni = new(new Dictionary<string, StreamSniConfig>
            {
                ["*.*.example"] = new() { Certificate = certificate },
                ["b.example"] = new() { Certificate = new() { Path = "missing.pem" }, ClientCertificateMode = ClientCertificateMode.DelayCertificate },
            }),
        });
        Assert.Equal(
            [
                "T:AlpnProtocols:1", "T:ClientCertificateAuthorities", "T:ClientCertificateMode", "T:Sni:*.*.example",
                "T:Sni:b.example:Certificate:Path", "T:Sni:b.example:ClientCertificateMode",
            ],
            errors.Select(e => e.Path).Order(StringComparer.Ordinal));

        Assert.Equal(["T:Certificate"], Errors(new StreamTlsConfig()).Select(e => e.Path));
        Assert.Equal(
            ["T:Sni:b.example:Certificate"],
            Errors(new StreamTlsConfig { Sni = new(new Dictionary<string, StreamSniConfig> { ["b.example"] = new() }) }).Select(e => e.Path));
        var unasked = Assert.Single(Errors(new StreamTlsConfig { Certificate = certificate, ClientCertificateAuthorities = _certificates.RootPath }));
        Assert.Equal("T:ClientCertificateAuthorities", unasked.Path);
        Assert.Contains("RequireCertificate", unasked.Message);
        var empty = Assert.Single(Errors(new StreamTlsConfig
        {
            Certificate = certificate,
            ClientCertificateMode = ClientCertificateMode.RequireCertificate,
            ClientCertificateAuthorities = _certificates.Write("empty.pem", ""),
        }));
        Assert.Contains("no certificate", empty.Message);
    }

    [Fact]
    public void GetWarnings_ExpiredCertificate_IsServedWithAWarning()
    {
        using var issued = _certificates.IssueServer(["a.example"], DateTimeOffset.UtcNow.AddDays(-9), DateTimeOffset.UtcNow.AddDays(-1));
        var (path, key) = _certificates.WritePair("a", issued);
        var model = TlsTestPair.CreateModel(_certificates, new StreamTlsConfig { Certificate = new() { Path = path, KeyPath = key } });
        Assert.NotNull(model.Select("a.example"));
        var warning = Assert.Single(model.GetWarnings(DateTimeOffset.UtcNow));
        Assert.Equal("T:Certificate", warning.Path);
        Assert.Contains("expired", warning.Message);
        Assert.Contains("not valid before", Assert.Single(model.GetWarnings(DateTimeOffset.UtcNow.AddDays(-20))).Message);
        Assert.Empty(model.GetWarnings(DateTimeOffset.UtcNow.AddDays(-5)));
    }

    private void AssertError(CertificateConfig certificate, string path, params string[] parts)
    {
        var error = Assert.Single(Errors(new StreamTlsConfig { Certificate = certificate }));
        Assert.StartsWith(path, error.Path);
        Assert.All(parts, p => Assert.Contains(p, error.Message, StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("s3cret", error.ToString());
        Assert.DoesNotContain("wrong1", error.ToString());
    }

    private List<ConfigError> Errors(StreamTlsConfig config)
    {
        var errors = new List<ConfigError>();
        Assert.False(TlsServerModel.TryCreate(config, "T", _certificates.Directory, errors, out var model));
        Assert.Null(model);
        return errors;
    }
}
