using System;
using System.IO;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Connections;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Connections.Access;
using WmProxy.Connections.ProxyProtocol;
using WmProxy.Connections.Tls;
using WmProxy.Diagnostics;
using WmProxy.ForwardProxy.Detection;

namespace WmProxy.ForwardProxy;

/// <summary>
/// What happens to the connections of one address of a forward proxy until their protocol is known: PROXY header, access, limits, TLS, first bytes. One
/// deadline holds for all of it, and goes on for the handler until its client's request is complete.
/// </summary>
internal sealed class ForwardProxyPipeline
{
    // What most first requests fit into; only a longer one takes more memory.
    private const int ReadSize = 2048;

    private readonly ForwardProtocolHandlers _handlers;
    private readonly ConnectionRecorder _recorder;
    private readonly TimeProvider _timeProvider;
    private readonly ForwardProxyModel _proxy;
    private readonly bool _terminatesTls;
    private readonly ConnectionLimit _undecided = new();

    public ForwardProxyPipeline(
        ForwardProtocolHandlers handlers, ConnectionRecorder recorder, TimeProvider timeProvider, ForwardProxyModel proxy, bool terminatesTls)
    {
        _handlers = handlers;
        _recorder = recorder;
        _timeProvider = timeProvider;
        _proxy = proxy;
        _terminatesTls = terminatesTls;
    }

    public async Task RunAsync(ConnectionContext context)
    {
        var connection = (TransportConnectionContext)context;
        var state = connection.State;
        state.ForwardProxyId = _proxy.ProxyId;
        state.AccessLog = _proxy.AccessLog;
        _recorder.Started(state);
        state.SetDeadline(_timeProvider.GetTimestamp() + _proxy.DetectTicks);
        if (_proxy.AcceptedProxyProtocol is { } header && !await ReadHeaderAsync(connection, header))
        {
            return;
        }

        var refusal = ConnectionAdmission.TryEnter(
            state.ClientAddress, _proxy.Access, _proxy.State.Connections, _proxy.MaxConnections,
            _proxy.State.ConnectionsPerClient, _proxy.MaxConnectionsPerClient, out var admission);
        if (refusal != ConnectionEndReason.None)
        {
            state.TryEnd(refusal);
            return;
        }

        try
        {
            if (!_terminatesTls || await TlsStep.RunAsync(connection, _proxy.Tls!))
            {
                await ServeAsync(connection, await DetectAsync(connection.Stream));
            }
        }
        finally
        {
            admission.Leave();
        }
    }

    private async ValueTask<bool> ReadHeaderAsync(TransportConnectionContext connection, ProxyProtocolModel header)
    {
        if (!_undecided.TryAcquire(ForwardDefaults.MaxUndecided))
        {
            connection.State.TryEnd(ConnectionEndReason.ConnectionLimit);
            return false;
        }

        try
        {
            return await ProxyHeaderStep.RunAsync(connection, header, _timeProvider);
        }
        finally
        {
            _undecided.Release();
        }
    }

    private Task ServeAsync(TransportConnectionContext connection, DetectedProtocol detected)
    {
        var state = connection.State;
        if (detected == DetectedProtocol.Undecided)
        {
            state.TryEnd(ConnectionEndReason.ClientGone);
            return Task.CompletedTask;
        }

        if (detected.ToForwardProtocol() is { } protocol && TryGet(protocol, out var handler))
        {
            return handler.RunAsync(connection, _proxy);
        }

        state.Error = Describe(detected);
        var answer = ProtocolRefusals.Find(detected, TryGet(ForwardProtocol.Connect, out _));
        if (!answer.IsEmpty)
        {
            return FinalReply.SendAsync(connection, answer, ConnectionEndReason.ProtocolError, _timeProvider).AsTask();
        }

        state.TryEnd(ConnectionEndReason.ProtocolError);
        return Task.CompletedTask;
    }

    /// <summary>Waits for the bytes that tell; <see cref="DetectedProtocol.Undecided"/> when the client left before.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<DetectedProtocol> DetectAsync(TransportStream stream)
    {
        while (true)
        {
            var protocol = ProtocolDetector.Detect(stream.Buffered.Span, out var skip);
            if (protocol != DetectedProtocol.Undecided)
            {
                stream.Consume(skip);
                return protocol;
            }

            // Nothing but empty lines can make it this long.
            var buffered = stream.Buffered.Length;
            if (buffered >= ForwardDefaults.MaxDetectBytes)
            {
                return DetectedProtocol.Unknown;
            }

            try
            {
                if (await stream.FillBufferAsync(buffered < ReadSize ? ReadSize : ForwardDefaults.MaxDetectBytes, CancellationToken.None) == 0)
                {
                    return DetectedProtocol.Undecided;
                }
            }
            catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException)
            {
                return DetectedProtocol.Undecided;
            }
        }
    }

    private bool TryGet(ForwardProtocol protocol, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out IForwardProtocolHandler handler)
    {
        handler = null;
        return _proxy.Protocols.Contains(protocol) && _handlers.TryGet(protocol, out handler);
    }

    private string Describe(DetectedProtocol protocol) => protocol switch
    {
        DetectedProtocol.Tls => _terminatesTls ? "TLS within TLS is not spoken here." : "TLS is not spoken on this address; tls:// addresses do.",
        DetectedProtocol.Http2 => "HTTP/2 is not spoken here.",
        DetectedProtocol.Unknown => "The first bytes are of no protocol that is spoken here.",
        _ => $"{protocol} is not among the proxy's protocols.",
    };
}
