using System;
using System.Collections.Generic;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using WmProxy.Configuration;
using WmProxy.Connections.Tls;

namespace WmProxy.Connectors;

/// <summary>The authorities and the client certificate for TLS to destinations, from files; what a <see cref="TlsCertificateWatcher"/> sees changed is taken over.</summary>
internal sealed class TlsClientFiles : IWatchedCertificates
{
    private readonly TlsClientSettings _settings;
    private readonly TrustedAuthorities? _authorities;
    private readonly CertificateLoader? _certificate;
    private volatile Loaded _loaded = new(null, null);

    public TlsClientFiles(TlsClientSettings settings, string baseDirectory)
    {
        _settings = settings;
        if (settings.Authorities is { } path)
        {
            _authorities = new TrustedAuthorities(path, settings.AuthoritiesKeyPath, baseDirectory, TrustedAuthorities.OfServers);
        }

        if (settings.Certificate is { } certificate)
        {
            _certificate = new CertificateLoader(
                new CertificateConfig { Path = certificate, KeyPath = settings.Key, Password = settings.Password }, settings.CertificateKeyPath, baseDirectory);
        }
    }

    /// <summary>How servers' certificates are verified; <see langword="null"/> for the machine's way.</summary>
    public X509ChainPolicy? Authorities => _loaded.Authorities;

    /// <summary>What is shown to servers that ask for it; <see langword="null"/> for nothing.</summary>
    public SslStreamCertificateContext? Certificate => _loaded.Certificate;

    /// <summary>Whether everything that is named was loaded once. Without it there is no connection: it would trust too much, or show too little.</summary>
    public bool IsComplete => (_authorities is null) == (Authorities is null) && (_certificate is null) == (Certificate is null);

    /// <inheritdoc/>
    public IEnumerable<ConfigError> GetWarnings(DateTimeOffset now) =>
        _certificate?.GetWarning(now, "It is shown to servers; they will refuse it.") is { } warning ? [warning] : [];

    /// <inheritdoc/>
    public List<LoadedCertificate?> Reload(IList<ConfigError> errors)
    {
        var taken = new List<LoadedCertificate?>();
        if (_authorities is not null)
        {
            if (_authorities.TryReload(out var error))
            {
                _loaded = _loaded with { Authorities = _authorities.Policy };
                taken.Add(null);
            }

            AddTo(errors, error);
        }

        if (_certificate is not null)
        {
            if (_certificate.TryReload(out var error) && _certificate.Current is { } current)
            {
                _loaded = _loaded with { Certificate = SslStreamCertificateContext.Create(current.Certificate, current.Others, offline: true) };
                taken.Add(current);
            }

            AddTo(errors, error);
        }

        return taken;
    }

    private void AddTo(IList<ConfigError> errors, ConfigError? error)
    {
        if (error is null)
        {
            return;
        }

        // The loader's keys are Kestrel's: Path, KeyPath, Password.
        var path = error.Path == $"{_settings.CertificateKeyPath}:KeyPath" ? $"{_settings.CertificateKeyPath}Key"
            : error.Path == $"{_settings.CertificateKeyPath}:Password" ? $"{_settings.CertificateKeyPath}Password"
            : error.Path == $"{_settings.CertificateKeyPath}:Path" ? _settings.CertificateKeyPath
            : error.Path;
        errors.Add(error with { Path = path });
    }

    private sealed record Loaded(X509ChainPolicy? Authorities, SslStreamCertificateContext? Certificate);
}
