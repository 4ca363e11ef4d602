using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;

namespace WmProxy.Connectors;

/// <summary>Dials a parent proxy, over TCP or TLS, and has it connect to the target.</summary>
internal abstract class ParentConnector : IConnector
{
    private readonly IConnector _tcp;
    private readonly IConnector _tls;
    private readonly string _tlsScheme;

    /// <param name="tcp">Dials <see cref="DestinationAddress.Host"/> and <see cref="DestinationAddress.Port"/>, whatever the scheme.</param>
    /// <param name="tls">The same with TLS.</param>
    /// <param name="scheme">The scheme over TCP.</param>
    /// <param name="tlsScheme">The scheme over TLS.</param>
    protected ParentConnector(IConnector tcp, IConnector tls, string scheme, string tlsScheme)
    {
        (_tcp, _tls, _tlsScheme) = (tcp, tls, tlsScheme);
        Schemes = [scheme, tlsScheme];
    }

    public IReadOnlyList<string> Schemes { get; }

    public async ValueTask<ConnectResult> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken)
    {
        if (request.Target is { } target && FindError(target) is { } error)
        {
            if (request.Through is { } through)
            {
                await through.DisposeAsync();
            }

            return ConnectResult.Failed(ConnectionEndReason.ConnectFailed, $"{target.ToString()[..Math.Min(target.Host.Length, 300)]}: {error}", ConnectFault.Target) with { Code = SocketError.HostNotFound };
        }

        var transport = request.Address.Scheme == _tlsScheme ? _tls : _tcp;
        var connected = await transport.ConnectAsync(request, cancellationToken);
        return connected.IsConnected ? await NegotiateAsync(connected.Stream, request, cancellationToken) : connected;
    }

    /// <summary>Why the parent cannot be asked for <paramref name="target"/>; <see langword="null"/> where it can.</summary>
    protected abstract string? FindError(in ForwardTarget target);

    /// <summary>Asks for the target, or only says hello where there is none. The reply is consumed; what came behind it stays buffered.</summary>
    /// <returns>Why there is no connection to the target; the stream is not its own to close.</returns>
    protected abstract ValueTask<ParentRefusal?> AskAsync(TransportStream stream, ConnectRequest request, CancellationToken cancellationToken);

    private async ValueTask<ConnectResult> NegotiateAsync(TransportStream stream, ConnectRequest request, CancellationToken cancellationToken)
    {
        var isOpen = false;
        try
        {
            if (await AskAsync(stream, request, cancellationToken) is { } refusal)
            {
                var failure = refusal.Code == SocketError.TimedOut ? ConnectionEndReason.ConnectTimeout : ConnectionEndReason.ConnectFailed;
                return ConnectResult.Failed(failure, $"{request.Address}: {refusal.Error}", refusal.Fault) with { Code = refusal.Code };
            }

            isOpen = true;
            return ConnectResult.Connected(stream);
        }
        catch (Exception ex) when (ex is IOException or SocketException)
        {
            return ConnectResult.Failed(ConnectionEndReason.ConnectFailed, $"{request.Address}: the connection failed before the parent's answer: {ex.Message}");
        }
        finally
        {
            if (!isOpen)
            {
                await stream.DisposeAsync();
            }
        }
    }
}
