using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.IO;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Connections.Tls;

namespace WmProxy.Connectors;

/// <summary>Dials <c>tls://</c>, and parent proxies over TLS: TCP by another connector, which also sends the preface, then TLS.</summary>
internal sealed class TlsConnector : IConnector
{
    private static readonly string[] TlsScheme = ["tls"];

    // A chain is judged by what the destination sent: downloading what is missing would block a thread in the middle of the handshake
    // and fetch URLs of a stranger's choice.
    private static readonly X509ChainPolicy ChainPolicy = new()
    {
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
        ApplicationPolicy = { new Oid("1.3.6.1.5.5.7.3.1") },
    };

    private readonly IConnector _tcp;

    /// <param name="tcp">Dials <see cref="DestinationAddress.Host"/> and <see cref="DestinationAddress.Port"/>, whatever the scheme.</param>
    public TlsConnector(IConnector tcp) => _tcp = tcp;

    public IReadOnlyList<string> Schemes => TlsScheme;

    public async ValueTask<ConnectResult> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken)
    {
        if (request.Tls is { Files.IsComplete: false })
        {
            if (request.Through is { } through)
            {
                await through.DisposeAsync();
            }

            return ConnectResult.Failed(ConnectionEndReason.ConnectFailed, "the files for TLS that the cluster's metadata name could not be loaded", ConnectFault.Local);
        }

        var connected = await _tcp.ConnectAsync(request, cancellationToken);
        return connected.IsConnected
            ? await AuthenticateAsync(connected.Stream, request.Address, request.Tls ?? TlsClientOptions.Default, cancellationToken)
            : connected;
    }

    private static async ValueTask<ConnectResult> AuthenticateAsync(
        TransportStream transport, DestinationAddress address, TlsClientOptions options, CancellationToken cancellationToken)
    {
        var verification = new ServerVerification(address.ServerName, options);
        var inner = new TlsInnerStream(transport);
        var ssl = new SslStream(inner, leaveInnerStreamOpen: true);
        TlsTransportStream? stream = null;
        await inner.EnterAsync();
        try
        {
            await ssl.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = address.ServerName,
                    EnabledSslProtocols = options.Protocols,
                    RemoteCertificateValidationCallback = verification.Verify,
                    CertificateChainPolicy = options.Files?.Authorities ?? ChainPolicy,
                    ClientCertificateContext = options.Files?.Certificate,
                    AllowRenegotiation = false,
                },
                cancellationToken);
            stream = new TlsTransportStream(transport, inner, ssl, address.ServerName);
            return ConnectResult.Connected(stream);
        }
        catch (Exception ex) when (ex is IOException or AuthenticationException or Win32Exception or ObjectDisposedException
            or InvalidOperationException or CryptographicException or NotSupportedException or ArgumentException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await SendAlertAsync(inner, cancellationToken);
            return ConnectResult.Failed(ConnectionEndReason.ConnectFailed, $"TLS with {address.Host}:{address.Port} failed: {Describe(verification, inner, ex)}");
        }
        finally
        {
            inner.Exit();
            if (stream is null)
            {
                // An orderly end, as an alert may be on its way and a reset would overtake it.
                transport.Dispose();
                ssl.Dispose();
            }
        }
    }

    private static string Describe(ServerVerification verification, TlsInnerStream inner, Exception ex)
    {
        if (verification.Error is { } error)
        {
            return error;
        }

        return inner.HasEnded ? "The destination closed the connection during the handshake."
            : inner.HasFailed ? $"The connection failed during the handshake: {ex.GetBaseException().Message}"
            : TlsFailure.Describe(ex);
    }

    private static async ValueTask SendAlertAsync(TlsInnerStream inner, CancellationToken cancellationToken)
    {
        try
        {
            await inner.SendHeldAsync(cancellationToken);
        }
        catch (Exception ex) when (ex is IOException or Win32Exception or ObjectDisposedException)
        {
            // Nobody is there to be told.
        }
    }
}
