using System;
using System.Collections.Generic;
using System.Security.Authentication;

namespace WmProxy.Connectors;

/// <summary>How destinations are spoken to in TLS: what YARP has under a cluster's <c>HttpClient</c>, and what metadata add.</summary>
internal sealed record TlsClientOptions
{
    /// <summary>Certificates are verified against the authorities of the machine, with the versions that the machine allows.</summary>
    public static TlsClientOptions Default { get; } = new();

    /// <summary><c>DangerousAcceptAnyServerCertificate</c>: the server's certificate is not looked at.</summary>
    public bool AcceptAnyServerCertificate { get; init; }

    /// <summary><c>SslProtocols</c>: the versions that may be used.</summary>
    public SslProtocols Protocols { get; init; }

    /// <summary>The SHA-256 hashes of the certificates that may be shown; empty for any that verifies.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Fingerprints { get; init; } = [];

    /// <summary>Authorities and a client certificate; <see langword="null"/> for those of the machine and for none.</summary>
    public TlsClientFiles? Files { get; init; }
}
