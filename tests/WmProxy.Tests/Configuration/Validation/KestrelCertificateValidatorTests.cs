using System;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace WmProxy.Tests.Configuration.Validation;

public sealed class KestrelCertificateValidatorTests : IDisposable
{
    private readonly ConfigFixture _fixture = new();

    public KestrelCertificateValidatorTests()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=a", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _fixture.Write("a.pem", certificate.ExportCertificatePem());
        _fixture.Write("a.key", key.ExportPkcs8PrivateKeyPem());
        _fixture.Write("other.key", other.ExportPkcs8PrivateKeyPem());
        _fixture.Write("broken.pem", "no certificate");
        File.WriteAllBytes(Path.Combine(_fixture.Directory, "a.pfx"), certificate.Export(X509ContentType.Pfx, "secret"));
    }

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("""{ "Path": "none.pem", "KeyPath": "a.key" }""", "Path")]
    [InlineData("""{ "Path": "a.pem", "KeyPath": "none.key" }""", "KeyPath")]
    [InlineData("""{ "Path": "broken.pem", "KeyPath": "a.key" }""", "Path")]
    [InlineData("""{ "Path": "a.pem", "KeyPath": "other.key" }""", "KeyPath")]
    [InlineData("""{ "Path": "a.pem" }""", "KeyPath")]
    [InlineData("""{ "Path": "a.pfx", "Password": "wrong" }""", "Password")]
    [InlineData("""{ "Path": "a.pem", "KeyPath": "a.key" }""", null)]
    [InlineData("""{ "Path": "a.pfx", "Password": "secret" }""", null)]
    public void Validate_Certificate_IsLoaded(string certificate, string? key)
    {
        string[] expected = key is null ? [] : [key];
        AssertErrors($$"""{ "Endpoints": { "w": { "Url": "https://*:1", "Certificate": {{certificate}} } } }""", [.. expected.Select(k => $"Kestrel:Endpoints:w:Certificate:{k}")]);
        AssertErrors($$"""{ "Endpoints": { "w": { "Url": "https://*:1", "Sni": { "a": { "Certificate": {{certificate}} } } } } }""", [.. expected.Select(k => $"Kestrel:Endpoints:w:Sni:a:Certificate:{k}")]);
        AssertErrors($$"""{ "Certificates": { "Default": {{certificate}} }, "Endpoints": { "w": { "Url": "https://*:1" } } }""", [.. expected.Select(k => $"Kestrel:Certificates:Default:{k}")]);
    }

    [Fact]
    public void Validate_CertificateOfPlainHttp_IsAnError() => AssertErrors(
        """{ "Endpoints": { "w": { "Url": "http://*:1", "Certificate": { "Path": "a.pem", "KeyPath": "a.key" } } } }""", "Kestrel:Endpoints:w:Certificate");

    [Fact]
    public void Validate_WithinAnApplication_LeavesKestrelToIt()
    {
        var errors = _fixture.Check(
            """{ "Kestrel": { "Endpoints": { "w": { "Url": "https://*:1", "Certificate": { "Path": "none.pem" } } } } }""", context => context with { IsStandalone = false });
        Assert.Empty(errors);
    }

    private void AssertErrors(string kestrel, params string[] paths) =>
        Assert.Equal(paths, _fixture.Check($$"""{ "Kestrel": {{kestrel}} }""").Select(error => error.Path));
}
