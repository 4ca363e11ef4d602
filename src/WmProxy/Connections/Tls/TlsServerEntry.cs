using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace WmProxy.Connections.Tls;

/// <summary>The settings for one server name.</summary>
internal sealed class TlsServerEntry
{
    private readonly ClientCertificateMode _mode;
    private readonly SslApplicationProtocol[] _protocols;
    private SslStreamCertificateContext? _context;
    private volatile SslServerAuthenticationOptions? _options;

    public TlsServerEntry(CertificateLoader certificate, ClientCertificateMode mode, SslApplicationProtocol[] protocols) =>
        (Certificate, _mode, _protocols) = (certificate, mode, protocols);

    public CertificateLoader Certificate { get; }

    /// <summary>What handshakes use from now on; <see langword="null"/> before <see cref="Apply"/>. Not to be changed.</summary>
    public SslServerAuthenticationOptions? Options => _options;

    /// <summary>Uses what <see cref="Certificate"/> and <paramref name="authorities"/> hold now.</summary>
    public void Apply(TrustedAuthorities authorities)
    {
        if (Certificate.Current is not { } loaded || authorities.Policy is not { } policy)
        {
            return;
        }

        if (_context?.TargetCertificate != loaded.Certificate)
        {
            // The chain is built here, once, and from what came with the certificate: a handshake must not wait for downloads.
            // One context for each entry: sessions are resumed by context, never across streams or across rules for client certificates.
            _context = SslStreamCertificateContext.Create(loaded.Certificate, loaded.Others, offline: true);
        }

        _options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = _context,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
            // Without a list, what the client offers is passed over; with one, no overlap is fatal (RFC 7301 section 3.2).
            ApplicationProtocols = _protocols.Length == 0 ? null : [.. _protocols],
            ClientCertificateRequired = _mode != ClientCertificateMode.NoCertificate,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            CertificateChainPolicy = _mode == ClientCertificateMode.NoCertificate ? null : policy,
            RemoteCertificateValidationCallback = _mode switch
            {
                ClientCertificateMode.NoCertificate => null,
                ClientCertificateMode.RequireCertificate => static (sender, certificate, chain, errors) => TlsServerSession.VerifyClientCertificate(sender, true, certificate, chain, errors),
                _ => static (sender, certificate, chain, errors) => TlsServerSession.VerifyClientCertificate(sender, false, certificate, chain, errors),
            },
        };
    }
}
