using System;
using System.ComponentModel;
using System.IO;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Connections.Tls;

/// <summary>Terminates TLS on connections of clients.</summary>
internal static class TlsServerHandshake
{
    // A record of one fatal alert, unrecognized_name (RFC 8446 sections 5.1 and 6.2, RFC 6066 section 3), which SslStream does not send.
    private static readonly byte[] UnrecognizedName = [21, 3, 3, 0, 2, 2, 112];

    /// <summary>
    /// Does the server's side of the handshake. What the client does wrong is a result, and so are a cancellation and an
    /// <see cref="TransportStream.Abort"/> meanwhile; never an exception.
    /// </summary>
    /// <param name="transport">The client's bytes, from the ClientHello on, which may be in <see cref="TransportStream.Buffered"/>. The session owns it; after a failure it is the caller's to abort.</param>
    /// <param name="model">The certificates and rules.</param>
    /// <param name="serverName">The name in the ClientHello if it is known already.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public static async ValueTask<TlsHandshakeResult> AuthenticateAsync(
        TransportStream transport, TlsServerModel model, string? serverName, CancellationToken cancellationToken)
    {
        var inner = new TlsInnerStream(transport);
        var session = new TlsServerSession(inner, model, serverName);
        await inner.EnterAsync();
        try
        {
            await session.AuthenticateAsync(cancellationToken);
            return TlsHandshakeResult.Completed(new TlsTransportStream(transport, inner, session, session.ServerName));
        }
        catch (Exception ex) when (ex is IOException or AuthenticationException or Win32Exception or ObjectDisposedException
            or InvalidOperationException or OperationCanceledException or CryptographicException or NotSupportedException)
        {
            session.Dispose();
            if (session.Error is null && (inner.HasEnded || inner.HasFailed || ex is OperationCanceledException or ObjectDisposedException))
            {
                return TlsHandshakeResult.Failed(ConnectionEndReason.ClientGone, "The client left during the TLS handshake.");
            }

            await SendAlertAsync(transport, inner, session.IsNameUnknown, cancellationToken);
            return TlsHandshakeResult.Failed(ConnectionEndReason.TlsHandshakeFailed, session.Error ?? TlsFailure.Describe(ex));
        }
        finally
        {
            inner.Exit();
        }
    }

    private static async ValueTask SendAlertAsync(TransportStream transport, TlsInnerStream inner, bool isNameUnknown, CancellationToken cancellationToken)
    {
        try
        {
            await inner.SendHeldAsync(cancellationToken);
            if (isNameUnknown)
            {
                await transport.WriteAsync(UnrecognizedName, cancellationToken);
            }
        }
        catch (Exception ex) when (ex is IOException or Win32Exception or ObjectDisposedException or OperationCanceledException)
        {
            // The client is gone, and with it whoever could use the alert.
        }
    }
}
