using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace WmProxy.Configuration;

/// <summary>How a <c>tls://</c> listener terminates TLS. The keys are those of Kestrel's endpoints.</summary>
public sealed record StreamTlsConfig
{
    /// <summary>The certificate for names that <see cref="Sni"/> does not list.</summary>
    public CertificateConfig? Certificate { get; init; }

    /// <summary>Certificates by server name, exact, <c>*.</c> wildcard or <c>*</c>.</summary>
    public EquatableDictionary<StreamSniConfig> Sni { get; init; } = EquatableDictionary<StreamSniConfig>.Empty;

    /// <summary>Whether clients are asked for a certificate. Default: no.</summary>
    public ClientCertificateMode? ClientCertificateMode { get; init; }

    /// <summary>A PEM file with the authorities that client certificates must chain to. Default: those of the machine.</summary>
    public string? ClientCertificateAuthorities { get; init; }

    /// <summary>Protocols offered by ALPN (RFC 7301), in order of preference. Default: none, whatever the client offers is passed over.</summary>
    public EquatableArray<string> AlpnProtocols { get; init; }
}
