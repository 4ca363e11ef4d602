using System;
using System.ComponentModel;
using System.IO;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Connections.Tls;

/// <summary>
/// TLS over a transport, both of which it owns. Whatever goes wrong in a read or write is an <see cref="IOException"/>; an end without
/// close_notify is one too (<see cref="TlsTruncatedException"/>), as it cannot be told from a transfer that somebody cut.
/// </summary>
/// <remarks>
/// An empty read waits without holding a buffer: SslStream itself then waits by an empty read of the transport, and rents when data came.
/// </remarks>
internal sealed class TlsTransportStream : TransportStream
{
    private readonly TransportStream _transport;
    private readonly TlsInnerStream _inner;
    private readonly SslStream _ssl;
    private bool _hasCompletedWrites;

    /// <summary>Wraps a session whose handshake is done.</summary>
    public TlsTransportStream(TransportStream transport, TlsInnerStream inner, SslStream ssl, string? serverName)
    {
        (_transport, _inner, _ssl, ServerName) = (transport, inner, ssl, serverName);
        var protocol = ssl.NegotiatedApplicationProtocol;
        ApplicationProtocol = protocol.Protocol.IsEmpty ? null : protocol.ToString();
    }

    public override Socket? RawSocket => null;

    /// <summary>The name that the client asked for (RFC 6066 section 3); <see langword="null"/> for none.</summary>
    public string? ServerName { get; }

    /// <summary>The protocol agreed on by ALPN (RFC 7301); <see langword="null"/> for none.</summary>
    public string? ApplicationProtocol { get; }

    /// <summary>The version of TLS.</summary>
    public SslProtocols Protocol => _ssl.SslProtocol;

    /// <summary>The peer's certificate, which was verified; <see langword="null"/> for none. Valid as long as the stream.</summary>
    public X509Certificate2? PeerCertificate => _ssl.RemoteCertificate as X509Certificate2;

    /// <summary>Only an end without close_notify can hide a reset; after a close_notify the transport's fate tells nothing.</summary>
    public override bool IsResetBehindEnd => _inner.HasEnded && _transport.IsResetBehindEnd;

    public override long? AcknowledgedWhilePending => _transport.AcknowledgedWhilePending;

    /// <summary>A record of the session itself counts too: whether it means an end cannot be known without reading it.</summary>
    public override bool HasInput => !Buffered.IsEmpty || _transport.HasInput;

    public override object? Home => _transport.Home;

    public override EndPoint? GetLocalEndPoint() => _transport.GetLocalEndPoint();

    public override EndPoint? GetRemoteEndPoint() => _transport.GetRemoteEndPoint();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            return;
        }

        try
        {
            await _ssl.WriteAsync(buffer, cancellationToken);
        }
        catch (Exception ex) when (IsForeign(ex))
        {
            throw new IOException(ex.Message, ex);
        }
    }

    public override async ValueTask CompleteWritesAsync(CancellationToken cancellationToken)
    {
        if (_hasCompletedWrites)
        {
            return;
        }

        _hasCompletedWrites = true;
        try
        {
            await _inner.EnterAsync();
            try
            {
                // Only composed in the turn and sent after it: a peer that does not read must not stop this side from reading.
                _inner.HoldWrites();
                await _ssl.ShutdownAsync();
            }
            finally
            {
                _inner.Exit();
            }

            await _inner.SendHeldAsync(cancellationToken);
            await _transport.CompleteWritesAsync(cancellationToken);
        }
        catch (Exception ex) when (IsForeign(ex))
        {
            throw new IOException(ex.Message, ex);
        }
    }

    /// <summary>
    /// Ends the transport only: the session may be in use on another thread. Without close_notify, the peer sees a failure even where its
    /// network loses the reset.
    /// </summary>
    public override void Abort() => _transport.Abort();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    protected override async ValueTask<int> ReadCoreAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await _inner.EnterAsync();
        try
        {
            var read = await _ssl.ReadAsync(buffer, cancellationToken);
            return read > 0 || buffer.IsEmpty || !_inner.HasEnded ? read : throw new TlsTruncatedException();
        }
        catch (Exception ex) when (IsForeign(ex))
        {
            throw new IOException(ex.Message, ex);
        }
        finally
        {
            _inner.Exit();
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            // The transport first, so that a read that still waits has ended when the session goes.
            _transport.Dispose();
            _ssl.Dispose();
        }

        base.Dispose(disposing);
    }

    private static bool IsForeign(Exception ex) =>
        ex is SocketException or ObjectDisposedException or InvalidOperationException or AuthenticationException or Win32Exception;
}
