using System.Security.Authentication;

namespace WmProxy.Connectors;

/// <summary>How a cluster's destinations are spoken to in TLS: what YARP has under a cluster's <c>HttpClient</c>.</summary>
internal sealed record TlsClientOptions
{
    /// <summary>Certificates are verified against the authorities of the machine, with the versions that the machine allows.</summary>
    public static TlsClientOptions Default { get; } = new();

    /// <summary><c>DangerousAcceptAnyServerCertificate</c>: the server's certificate is not looked at.</summary>
    public bool AcceptAnyServerCertificate { get; init; }

    /// <summary><c>SslProtocols</c>: the versions that may be used.</summary>
    public SslProtocols Protocols { get; init; }
}
