using System;
using System.Linq;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using WmProxy.Connections.Tls;

namespace WmProxy.Connectors;

/// <summary>Judges a destination's certificate in one handshake, and keeps what was wrong with it.</summary>
internal sealed class ServerVerification(string serverName, TlsClientOptions options)
{
    /// <summary>Why the certificate was refused, in words for a log; <see langword="null"/> if it was not.</summary>
    public string? Error { get; private set; }

    public bool Verify(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (options.Fingerprints.Count > 0)
        {
            var fingerprint = certificate?.GetCertHash(HashAlgorithmName.SHA256) ?? [];
            if (!options.Fingerprints.Any(expected => fingerprint.Length > 0 && expected.Span.SequenceEqual(fingerprint)))
            {
                Error = certificate is null
                    ? "The destination has shown no certificate."
                    : $"The destination's certificate '{certificate.Subject}' has the fingerprint {Convert.ToHexString(fingerprint)}, which is not the one that is configured.";
                return false;
            }

            // The very certificate: who issued it, to whom and until when has no say, unless authorities are named too.
            if (options.Files?.Authorities is null)
            {
                return true;
            }
        }

        if (options.AcceptAnyServerCertificate || errors == SslPolicyErrors.None)
        {
            return true;
        }

        Error = certificate is null
            ? "The destination has shown no certificate."
            : errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
                ? $"The destination's certificate is not for '{serverName}' but for {CertificateProblem.DescribeNames((X509Certificate2)certificate)}"
                    + (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) ? $"; {CertificateProblem.Describe(certificate, chain)}." : ".")
                : $"The destination's certificate '{certificate.Subject}' was refused: {CertificateProblem.Describe(certificate, chain)}.";
        return false;
    }
}
