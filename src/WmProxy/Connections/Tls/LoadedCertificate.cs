using System.Security.Cryptography.X509Certificates;

namespace WmProxy.Connections.Tls;

/// <summary>A certificate with its private key, and the certificates that came with it.</summary>
/// <remarks>
/// Never disposed: a handshake on another thread may be using it. After a rotation the finalizers of its handles free the old one when
/// the last session that shows it has ended.
/// </remarks>
internal sealed record LoadedCertificate(X509Certificate2 Certificate, X509Certificate2Collection Others);
