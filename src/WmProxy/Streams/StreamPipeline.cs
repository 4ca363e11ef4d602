using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Connections;
using WmProxy.Connections;
using WmProxy.Connections.Access;
using WmProxy.Connections.ClientHello;
using WmProxy.Connections.ProxyProtocol;

namespace WmProxy.Streams;

/// <summary>
/// What happens to the connections of one address until their stream is known: the PROXY header is read, and where several streams share the
/// address, the ClientHello is looked at.
/// </summary>
internal sealed class StreamPipeline
{
    private readonly StreamConnectionHandler _handler;
    private readonly TimeProvider _timeProvider;
    private readonly bool _terminatesTls;
    private readonly ProxyProtocolModel? _proxyProtocol;
    private readonly StreamModel? _only;
    private readonly ServerNameTable<StreamModel> _streams;
    private readonly bool _hasFallback;
    private readonly bool _accessLog;
    private readonly ConnectionLimit _undecided = new();

    public StreamPipeline(StreamConnectionHandler handler, TimeProvider timeProvider, bool terminatesTls, IReadOnlyList<StreamModel> streams)
    {
        _handler = handler;
        _timeProvider = timeProvider;
        _terminatesTls = terminatesTls;
        _proxyProtocol = streams[0].AcceptedProxyProtocol;
        _only = streams is [{ Config.Match: null }] ? streams[0] : null;
        _streams = new ServerNameTable<StreamModel>(streams.Select(stream => (stream.Config.Match, stream)));
        _hasFallback = _streams.TryFind(null, [], out _);
        _accessLog = streams.All(stream => stream.AccessLog);
    }

    public Task RunAsync(ConnectionContext connection)
    {
        var context = (TransportConnectionContext)connection;
        return _proxyProtocol is null && _only is { } only
            ? _handler.RunAsync(context, only, _terminatesTls)
            : ChooseAndRunAsync(context);
    }

    private async Task ChooseAndRunAsync(TransportConnectionContext connection)
    {
        var state = connection.State;
        _handler.StartHandshake(state);

        // Whoever does not get as far as its stream is a line of the access log too.
        state.AccessLog = _accessLog;
        if (!_undecided.TryAcquire(StreamDefaults.MaxUndecided))
        {
            state.TryEnd(ConnectionEndReason.ConnectionLimit);
            return;
        }

        StreamModel? stream;
        try
        {
            stream = await DecideAsync(connection);
        }
        finally
        {
            _undecided.Release();
        }

        if (stream is not null)
        {
            await _handler.RunAsync(connection, stream, _terminatesTls);
        }
    }

    private async ValueTask<StreamModel?> DecideAsync(TransportConnectionContext connection) =>
        _proxyProtocol is not null && !await ProxyHeaderStep.RunAsync(connection, _proxyProtocol, _timeProvider) ? null : _only ?? await ChooseAsync(connection);

    private async ValueTask<StreamModel?> ChooseAsync(TransportConnectionContext connection)
    {
        var state = connection.State;

        // A client that says nothing may speak a protocol in which the server speaks first; it can only be one of the stream without Match.
        ClientHelloResult hello;
        using (var silence = _hasFallback && !_terminatesTls ? new CancellationTokenSource(StreamDefaults.DetectTimeout, _timeProvider) : null)
        {
            hello = await ClientHelloReader.ReadAsync(connection.Stream, silence?.Token ?? CancellationToken.None);
        }

        switch (hello.Status)
        {
            case ClientHelloStatus.Hello:
                state.ServerName = hello.ServerName;
                var protocols = hello.AlpnProtocols.IsDefault ? default : hello.AlpnProtocols.AsSpan();
                if (_streams.TryFind(hello.ServerName, protocols, out var stream))
                {
                    return stream;
                }

                state.Error = $"No stream takes the server name '{hello.ServerName}'.";
                state.TryEnd(ConnectionEndReason.NoMatchingStream);
                return null;
            case ClientHelloStatus.ClientGone:
                state.TryEnd(ConnectionEndReason.ClientGone);
                return null;
            default:
                if (!_terminatesTls && _streams.TryFind(null, [], out var fallback))
                {
                    return fallback;
                }

                state.Error = $"A TLS ClientHello was expected: {hello.Status}.";
                state.TryEnd(ConnectionEndReason.ClientHelloError);
                return null;
        }
    }
}
