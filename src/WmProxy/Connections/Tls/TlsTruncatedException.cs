using System.IO;

namespace WmProxy.Connections.Tls;

/// <summary>
/// The peer's direction ended without a close_notify alert, so nobody can tell whether it was complete (RFC 8446 section 6.1).
/// </summary>
internal sealed class TlsTruncatedException : IOException
{
    public TlsTruncatedException()
        : base("The connection ended without a TLS close_notify: what was received may be cut short.")
    {
    }
}
