using System;
using System.IO;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace WmProxy.Tests.Common;

/// <summary>A certificate authority of a test's own, the certificates it issues, and a folder for their files, deleted at the end.</summary>
public sealed class TestCertificates : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2 _intermediate;

    /// <summary>A root named <paramref name="name"/>, with an intermediate that issues everything unless it is to be without.</summary>
    public TestCertificates(string name = "Test Root", bool intermediate = true)
    {
        Directory = System.IO.Directory.CreateTempSubdirectory("wmproxy-tls-").FullName;
        Root = CreateAuthority($"CN={name}", null);
        _intermediate = intermediate ? CreateAuthority($"CN={name} Intermediate", Root) : Root;
        RootPath = Write("root.pem", Root.ExportCertificatePem());
    }

    /// <summary>Where all files are.</summary>
    public string Directory { get; }

    /// <summary>The root's certificate, with its key.</summary>
    public X509Certificate2 Root { get; }

    /// <summary>The root's certificate in PEM.</summary>
    public string RootPath { get; }

    /// <summary>The full chain in PEM, leaf first, root left out.</summary>
    public string ChainPem(X509Certificate2 certificate) => ReferenceEquals(_intermediate, Root)
        ? $"{certificate.ExportCertificatePem()}\n"
        : $"{certificate.ExportCertificatePem()}\n{_intermediate.ExportCertificatePem()}\n";

    /// <summary>The private key in PEM, PKCS#8.</summary>
    public static string KeyPem(X509Certificate2 certificate)
    {
        using var key = (AsymmetricAlgorithm?)certificate.GetECDsaPrivateKey() ?? certificate.GetRSAPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem();
    }

    /// <summary>The private key in PEM, encrypted.</summary>
    public static string EncryptedKeyPem(X509Certificate2 certificate, string password)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return key.ExportEncryptedPkcs8PrivateKeyPem(password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000));
    }

    /// <summary>A certificate for servers.</summary>
    public X509Certificate2 IssueServer(string[] names, DateTimeOffset? notBefore = null, DateTimeOffset? notAfter = null, bool rsa = false) =>
        Issue($"CN={(names.Length == 0 ? "server" : names[0].TrimStart('*', '.'))}", names, ServerAuthentication, notBefore, notAfter, rsa);

    /// <summary>A certificate for clients.</summary>
    public X509Certificate2 IssueClient(string name, DateTimeOffset? notBefore = null, DateTimeOffset? notAfter = null) =>
        Issue($"CN={name}", [], ClientAuthentication, notBefore, notAfter, rsa: false);

    /// <summary>Writes a PEM pair and returns the paths of both files.</summary>
    public (string Certificate, string Key) WritePair(string name, X509Certificate2 certificate) =>
        (Write($"{name}.crt", ChainPem(certificate)), Write($"{name}.key", KeyPem(certificate)));

    /// <summary>Writes a PFX file with the full chain.</summary>
    public string WritePfx(string name, X509Certificate2 certificate, string password) =>
        Write($"{name}.pfx", new X509Certificate2Collection { certificate, X509CertificateLoader.LoadCertificate(_intermediate.RawData) }.Export(X509ContentType.Pkcs12, password)!);

    /// <summary>Writes a file in place.</summary>
    public string Write(string name, string text)
    {
        var path = Path.Combine(Directory, name);
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>Writes a file in place.</summary>
    public string Write(string name, byte[] bytes)
    {
        var path = Path.Combine(Directory, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public void Dispose()
    {
        Root.Dispose();
        _intermediate.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private X509Certificate2 Issue(string subject, string[] names, string usage, DateTimeOffset? notBefore, DateTimeOffset? notAfter, bool rsa)
    {
        using var key = rsa ? (AsymmetricAlgorithm)RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = CreateRequest(subject, key);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        if (names.Length > 0)
        {
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
        }

        using var issuerKey = _intermediate.GetECDsaPrivateKey()!;
        using var issued = request.Create(
            _intermediate.SubjectName,
            X509SignatureGenerator.CreateForECDsa(issuerKey),
            notBefore ?? DateTimeOffset.UtcNow.AddDays(-1),
            notAfter ?? DateTimeOffset.UtcNow.AddDays(30),
            RandomNumberGenerator.GetBytes(16));
        return key is RSA rsaKey ? issued.CopyWithPrivateKey(rsaKey) : issued.CopyWithPrivateKey((ECDsa)key);
    }

    private static X509Certificate2 CreateAuthority(string subject, X509Certificate2? issuer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = CreateRequest(subject, key);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        var (from, to) = (DateTimeOffset.UtcNow.AddYears(-5), DateTimeOffset.UtcNow.AddYears(5));
        if (issuer is null)
        {
            return request.CreateSelfSigned(from, to);
        }

        using var issuerKey = issuer.GetECDsaPrivateKey()!;
        using var issued = request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuerKey), from.AddDays(1), to.AddDays(-1), RandomNumberGenerator.GetBytes(16));
        return issued.CopyWithPrivateKey(key);
    }

    private static CertificateRequest CreateRequest(string subject, AsymmetricAlgorithm key)
    {
        var name = new X500DistinguishedName(subject);
        return key is RSA rsa
            ? new CertificateRequest(name, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(name, (ECDsa)key, HashAlgorithmName.SHA256);
    }
}
