using System;
using System.IO;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace WmProxy.Tests.Common;

/// <summary>An authority of the test's own and certificates it has issued, as objects and as PEM files in a folder.</summary>
public sealed class TestCertificates : IDisposable
{
    private readonly string _folder;
    private readonly X509Certificate2 _authority;

    /// <param name="folder">Where the PEM files go.</param>
    /// <param name="name">The authority's name, which is also the name of its file.</param>
    public TestCertificates(string folder, string name = "ca")
    {
        _folder = folder;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        AuthorityPath = Path.Combine(folder, name + ".pem");
        File.WriteAllText(AuthorityPath, _authority.ExportCertificatePem());
    }

    /// <summary>The PEM file of the authority's certificate.</summary>
    public string AuthorityPath { get; }

    /// <summary>The authority's certificate, with its key.</summary>
    public X509Certificate2 Authority => _authority;

    /// <summary>Issues a certificate for a server; the files are named after <paramref name="names"/>[0].</summary>
    /// <param name="names">DNS names or IP addresses.</param>
    public (string CertificatePath, string KeyPath) Server(params string[] names) => Issue(names, "1.3.6.1.5.5.7.3.1");

    /// <summary>Issues a certificate for a client.</summary>
    public (string CertificatePath, string KeyPath) Client(string name) => Issue([name], "1.3.6.1.5.5.7.3.2");

    public void Dispose() => _authority.Dispose();

    private (string CertificatePath, string KeyPath) Issue(string[] names, string usage)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={names[0]}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_authority, true, false));
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(alternatives.Build());
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7F) | 0x01); // Positive and of full length (RFC 5280 section 4.1.2.2).
        using var certificate = request.Create(
            _authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(7), serial);
        var file = names[0].Replace('*', '_').Replace(':', '_');
        var certificatePath = Path.Combine(_folder, file + ".pem");
        var keyPath = Path.Combine(_folder, file + ".key");
        File.WriteAllText(certificatePath, certificate.ExportCertificatePem() + "\n");
        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem() + "\n");
        return (certificatePath, keyPath);
    }
}
