using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using WmProxy.Configuration;

namespace WmProxy.Connections.Tls;

/// <summary>The authorities that the peers' certificates must chain to.</summary>
internal sealed class TrustedAuthorities
{
    /// <summary>The extended key usage of clients (RFC 5280 section 4.2.1.12).</summary>
    public const string OfClients = "1.3.6.1.5.5.7.3.2";

    /// <summary>That of servers.</summary>
    public const string OfServers = "1.3.6.1.5.5.7.3.1";

    private readonly string _usage;
    private readonly ConfiguredFile _file;
    private readonly ReloadableFiles<X509ChainPolicy>? _files;

    /// <summary>Those in the PEM file <paramref name="path"/>, or those of the machine if it is <see langword="null"/>.</summary>
    public TrustedAuthorities(string? path, string keyPath, string baseDirectory, string usage)
    {
        _usage = usage;
        if (path is not null)
        {
            _file = ConfiguredFile.From(keyPath, path, baseDirectory);
            _files = new ReloadableFiles<X509ChainPolicy>(Parse, _file);
        }
        else
        {
            Policy = CreatePolicy();
        }
    }

    /// <summary>How certificates are verified; <see langword="null"/> before the file has been read.</summary>
    public X509ChainPolicy? Policy { get; private set; }

    /// <summary>Reads the file, or reads it again if it has changed. True if <see cref="Policy"/> is new.</summary>
    public bool TryReload(out ConfigError? error)
    {
        error = null;
        if (_files is null || !_files.TryReload(out error))
        {
            return false;
        }

        Policy = _files.Current;
        return true;
    }

    private X509ChainPolicy? Parse(byte[][] contents, out ConfigError? error)
    {
        var policy = CreatePolicy();
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        try
        {
            policy.CustomTrustStore.ImportFromPem(Encoding.UTF8.GetString(contents[0]));
        }
        catch (CryptographicException ex)
        {
            error = new ConfigError(_file.KeyPath, $"'{_file.Path}' has a certificate that cannot be read: {ex.Message}");
            return null;
        }

        error = policy.CustomTrustStore.Count == 0 ? new ConfigError(_file.KeyPath, $"'{_file.Path}' has no certificate in PEM.") : null;
        return error is null ? policy : null;
    }

    private X509ChainPolicy CreatePolicy()
    {
        var policy = new X509ChainPolicy
        {
            RevocationMode = X509RevocationMode.NoCheck,
            // Else a stranger's certificate names the URLs that this process fetches.
            DisableCertificateDownloads = true,
        };
        policy.ApplicationPolicy.Add(new Oid(_usage));
        return policy;
    }
}
