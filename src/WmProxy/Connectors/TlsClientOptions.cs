using System.Runtime.CompilerServices;
using System.Security.Authentication;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Connectors;

/// <summary>How a cluster's destinations are spoken to in TLS: what YARP has under a cluster's <c>HttpClient</c>.</summary>
internal sealed record TlsClientOptions
{
    private static readonly ConditionalWeakTable<HttpClientConfig, TlsClientOptions> Compiled = [];

    /// <summary>Certificates are verified against the authorities of the machine, with the versions that the machine allows.</summary>
    public static TlsClientOptions Default { get; } = new();

    /// <summary>What <paramref name="config"/> says, made once for all connections under it.</summary>
    public static TlsClientOptions Of(HttpClientConfig? config) =>
        config is { DangerousAcceptAnyServerCertificate: true } or { SslProtocols: not null }
            ? Compiled.GetValue(config, static config => new TlsClientOptions
            {
                AcceptAnyServerCertificate = config.DangerousAcceptAnyServerCertificate ?? false,
                Protocols = config.SslProtocols ?? SslProtocols.None,
            })
            : Default;

    /// <summary><c>DangerousAcceptAnyServerCertificate</c>: the server's certificate is not looked at.</summary>
    public bool AcceptAnyServerCertificate { get; init; }

    /// <summary><c>SslProtocols</c>: the versions that may be used.</summary>
    public SslProtocols Protocols { get; init; }
}
