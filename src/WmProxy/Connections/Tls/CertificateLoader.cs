using System;
using System.Linq;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using WmProxy.Configuration;

namespace WmProxy.Connections.Tls;

/// <summary>Makes certificates of files' contents and of stores' entries, and says what is wrong with them.</summary>
internal sealed class CertificateLoader
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private readonly CertificateConfig _config;
    private readonly string _keyPath;
    private readonly ReloadableFiles<LoadedCertificate>? _files;

    /// <summary>Loads <paramref name="config"/>, which <paramref name="keyPath"/> names in messages.</summary>
    public CertificateLoader(CertificateConfig config, string keyPath, string baseDirectory)
    {
        (_config, _keyPath) = (config, keyPath);
        if (config is { Path: { Length: > 0 } path, Subject: null })
        {
            var certificate = ConfiguredFile.From($"{keyPath}:Path", path, baseDirectory);
            _files = config.KeyPath is { Length: > 0 } key
                ? new(Parse, certificate, ConfiguredFile.From($"{keyPath}:KeyPath", key, baseDirectory))
                : new(Parse, certificate);
        }
    }

    /// <summary>The certificate as last loaded.</summary>
    public LoadedCertificate? Current { get; private set; }

    /// <summary>Loads the certificate, or loads it again if its files have changed. True if <see cref="Current"/> is new.</summary>
    public bool TryReload(out ConfigError? error)
    {
        if (_files is not null)
        {
            var isNew = _files.TryReload(out error);
            Current = _files.Current;
            return isNew;
        }

        error = null;
        if (Current is null)
        {
            Current = Find(out error);
            return Current is not null;
        }

        return false;
    }

    /// <summary>What a user should know of a certificate that is served all the same.</summary>
    /// <param name="now">The time.</param>
    /// <param name="consequence">What comes of it.</param>
    public ConfigError? GetWarning(DateTimeOffset now, string consequence = "It is served; clients will refuse it.")
    {
        if (Current is not { Certificate: var certificate })
        {
            return null;
        }

        return certificate.NotAfter.ToUniversalTime() < now.UtcDateTime
            ? new ConfigError(_keyPath, $"The certificate '{certificate.Subject}' expired at {certificate.NotAfter.ToUniversalTime():u}. {consequence}")
            : certificate.NotBefore.ToUniversalTime() > now.UtcDateTime
                ? new ConfigError(_keyPath, $"The certificate '{certificate.Subject}' is not valid before {certificate.NotBefore.ToUniversalTime():u}. {consequence}")
                : null;
    }

    private LoadedCertificate? Parse(byte[][] contents, out ConfigError? error)
    {
        // PFX is DER and starts with a SEQUENCE.
        var isPfx = contents.Length == 1 && contents[0] is [0x30, ..];
        return isPfx ? ParsePfx(contents[0], out error) : ParsePem(contents, out error);
    }

    private LoadedCertificate? ParsePfx(byte[] content, out ConfigError? error)
    {
        try
        {
            // The key must outlive this process nowhere: not in the key store of the user (Windows), not in the keychain (macOS).
            var flags = OperatingSystem.IsLinux() ? X509KeyStorageFlags.EphemeralKeySet : X509KeyStorageFlags.DefaultKeySet;
            var all = X509CertificateLoader.LoadPkcs12Collection(content, _config.Password, flags);
            if (all.FirstOrDefault(c => c.HasPrivateKey) is { } certificate)
            {
                all.Remove(certificate);
                error = null;
                return new LoadedCertificate(certificate, all);
            }

            error = new ConfigError($"{_keyPath}:Path", $"'{_config.Path}' has no certificate with a private key.");
        }
        catch (CryptographicException ex)
        {
            // ERROR_INVALID_PASSWORD, on all platforms.
            error = ex.HResult == unchecked((int)0x80070056)
                ? new ConfigError($"{_keyPath}:Password", $"The password does not open '{_config.Path}'.")
                : new ConfigError($"{_keyPath}:Path", $"'{_config.Path}' is not a PFX file that can be read: {ex.Message}");
        }

        return null;
    }

    private LoadedCertificate? ParsePem(byte[][] contents, out ConfigError? error)
    {
        var chainText = Encoding.UTF8.GetString(contents[0]);
        var (keyText, keyFile, keySetting) = contents.Length == 1
            ? (chainText, _config.Path, $"{_keyPath}:Path")
            : (Encoding.UTF8.GetString(contents[1]), _config.KeyPath, $"{_keyPath}:KeyPath");
        var chain = new X509Certificate2Collection();
        try
        {
            chain.ImportFromPem(chainText);
        }
        catch (CryptographicException ex)
        {
            error = new ConfigError($"{_keyPath}:Path", $"'{_config.Path}' has a certificate that cannot be read: {ex.Message}");
            return null;
        }

        if (chain.Count == 0)
        {
            error = new ConfigError($"{_keyPath}:Path", $"'{_config.Path}' has no certificate: it is neither PEM with a CERTIFICATE nor PFX.");
            return null;
        }

        var isEncrypted = PemText.Contains(keyText, "ENCRYPTED PRIVATE KEY");
        if (!isEncrypted && !PemText.Contains(keyText, "PRIVATE KEY"))
        {
            error = contents.Length == 1
                ? new ConfigError($"{_keyPath}:KeyPath", $"Missing: '{_config.Path}' has no private key, so name the file that has it.")
                : new ConfigError(keySetting, $"'{keyFile}' has no private key.");
            return null;
        }

        if (isEncrypted && string.IsNullOrEmpty(_config.Password))
        {
            error = new ConfigError($"{_keyPath}:Password", $"Missing: the private key in '{keyFile}' is encrypted.");
            return null;
        }

        return Combine(chain, chainText, keyText, isEncrypted, new ConfigError(keySetting, keyFile ?? ""), out error);
    }

    private LoadedCertificate? Combine(
        X509Certificate2Collection chain, string chainText, string keyText, bool isEncrypted, ConfigError key, out ConfigError? error)
    {
        try
        {
            var certificate = isEncrypted
                ? X509Certificate2.CreateFromEncryptedPem(chainText, keyText, _config.Password)
                : X509Certificate2.CreateFromPem(chainText, keyText);
            if (OperatingSystem.IsWindows())
            {
                // SChannel cannot use a key that lives in memory only (dotnet/runtime issue 23749).
                using var ephemeral = certificate;
                certificate = X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
            }

            chain.RemoveAt(0);
            error = null;
            return new LoadedCertificate(certificate, chain);
        }
        catch (Exception ex) when (ex is CryptographicException or ArgumentException)
        {
            error = isEncrypted && !CanOpen(keyText)
                ? new ConfigError($"{_keyPath}:Password", $"The password does not open the private key in '{key.Message}'.")
                : new ConfigError(key.Path, $"The private key in '{key.Message}' does not belong to the first certificate in '{_config.Path}' ('{chain[0].Subject}'), or cannot be read: {ex.Message}");
            return null;
        }
    }

    private bool CanOpen(string keyText)
    {
        using var rsa = RSA.Create();
        using var ec = ECDsa.Create();
        return CanOpen(rsa, keyText) || CanOpen(ec, keyText);
    }

    private bool CanOpen(AsymmetricAlgorithm algorithm, string keyText)
    {
        try
        {
            algorithm.ImportFromEncryptedPem(keyText, _config.Password);
            return true;
        }
        catch (Exception ex) when (ex is CryptographicException or ArgumentException)
        {
            return false;
        }
    }

    private LoadedCertificate? Find(out ConfigError? error)
    {
        if (_config.Path is { Length: > 0 } && _config.Subject is not null)
        {
            error = new ConfigError(_keyPath, "Either Path (a file) or Subject (a certificate in a store), not both.");
            return null;
        }

        if (_config.Subject is not { Length: > 0 } subject)
        {
            error = new ConfigError(_keyPath, "Path (a PEM or PFX file) or Subject (a certificate in a store) is missing.");
            return null;
        }

        if (!Enum.TryParse<StoreLocation>(_config.Location ?? nameof(StoreLocation.CurrentUser), ignoreCase: true, out var location) || !Enum.IsDefined(location))
        {
            error = new ConfigError($"{_keyPath}:Location", $"'{_config.Location}' is not a location of certificate stores: CurrentUser or LocalMachine.");
            return null;
        }

        var storeName = _config.Store ?? nameof(StoreName.My);
        try
        {
            using var store = new X509Store(storeName, location, OpenFlags.ReadOnly | OpenFlags.OpenExistingOnly);
            var found = store.Certificates.Find(X509FindType.FindBySubjectName, subject, validOnly: _config.AllowInvalid != true)
                .Where(c => c.HasPrivateKey && MayServe(c))
                .OrderByDescending(c => c.NotAfter)
                .FirstOrDefault();
            error = found is null
                ? new ConfigError($"{_keyPath}:Subject", $"{location}/{storeName} has no {(_config.AllowInvalid == true ? "" : "valid ")}certificate for servers with a private key and '{subject}' in its subject.")
                : null;
            return found is null ? null : new LoadedCertificate(found, []);
        }
        catch (CryptographicException ex)
        {
            error = new ConfigError($"{_keyPath}:Store", $"The certificate store {location}/{storeName} cannot be opened: {ex.Message}");
            return null;
        }
    }

    private static bool MayServe(X509Certificate2 certificate)
    {
        var usages = certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().SelectMany(e => e.EnhancedKeyUsages.Cast<Oid>()).ToArray();
        return usages.Length == 0 || usages.Any(u => u.Value == ServerAuthentication);
    }
}
