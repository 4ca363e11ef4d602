using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace WmProxy.Configuration;

/// <summary>TLS settings for one server name.</summary>
public sealed record StreamSniConfig
{
    /// <summary>The certificate for this name.</summary>
    public CertificateConfig? Certificate { get; init; }

    /// <summary>Whether clients of this name are asked for a certificate. Default: as for the listener.</summary>
    public ClientCertificateMode? ClientCertificateMode { get; init; }
}
