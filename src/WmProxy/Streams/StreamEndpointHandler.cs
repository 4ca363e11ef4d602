using System;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Connections;
using WmProxy.Connections;
using WmProxy.Listeners;
using WmProxy.Management;

namespace WmProxy.Streams;

/// <summary>Gives connections that another server accepted (a Kestrel endpoint) to a stream of the configuration that runs then.</summary>
internal sealed class StreamEndpointHandler
{
    private readonly ListenerContext _listeners;
    private readonly ConfigManager _config;
    private readonly StreamConnectionHandler _handler;
    private readonly TimeProvider _timeProvider;
    private readonly ConditionalWeakTable<StreamModel, StreamPipeline> _pipelines = [];

    public StreamEndpointHandler(ListenerContext listeners, ConfigManager config, StreamConnectionHandler handler, TimeProvider timeProvider)
    {
        _listeners = listeners;
        _config = config;
        _handler = handler;
        _timeProvider = timeProvider;
    }

    /// <summary>Runs <paramref name="connection"/> to its end; one for a stream that the configuration does not have, or that takes datagrams, is aborted.</summary>
    public Task RunAsync(ConnectionContext connection, string streamId)
    {
        return _listeners.RunAsync(connection, _config.Streams.Models.TryGetValue(streamId, out var stream) && !stream.Config.IsUdp ? PipelineOf(stream).RunAsync : RefuseAsync);
    }

    private StreamPipeline PipelineOf(StreamModel stream) =>
        _pipelines.GetValue(stream, model => new StreamPipeline(_handler, _timeProvider, terminatesTls: false, [model]));

    private static Task RefuseAsync(ConnectionContext connection)
    {
        ((TransportConnectionContext)connection).State.TryEnd(ConnectionEndReason.NoMatchingStream);
        return Task.CompletedTask;
    }
}
