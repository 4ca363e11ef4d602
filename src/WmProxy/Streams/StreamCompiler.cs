using System;
using System.Collections.Generic;
using System.Linq;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Connections.Access;
using WmProxy.Connections.ProxyProtocol;
using WmProxy.Connections.Tls;
using WmProxy.Listeners;
using WmProxy.Relay.Bandwidth;
using WmProxy.Udp;

namespace WmProxy.Streams;

/// <summary>Compiles the streams of a configuration. What did not change is taken over from the compiled streams before, as the same objects.</summary>
internal sealed class StreamCompiler
{
    private readonly StreamConnectionHandler _handler;
    private readonly ConnectionTable _connections;
    private readonly TlsCertificateWatcher _certificates;
    private readonly TimeProvider _timeProvider;

    public StreamCompiler(StreamConnectionHandler handler, ConnectionTable connections, TlsCertificateWatcher certificates, TimeProvider timeProvider)
    {
        _handler = handler;
        _connections = connections;
        _certificates = certificates;
        _timeProvider = timeProvider;
    }

    /// <summary>Compiles a validated configuration; certificates that cannot be loaded are added to <paramref name="errors"/>.</summary>
    public CompiledStreams Compile(WmProxyConfig config, CompiledStreams previous, string baseDirectory, IList<ConfigError> errors)
    {
        var models = new Dictionary<string, StreamModel>(StringComparer.OrdinalIgnoreCase);
        foreach (var stream in config.Streams.Values)
        {
            previous.Models.TryGetValue(stream.StreamId, out var before);
            models.Add(stream.StreamId, before?.Config == stream ? before : Compile(stream, before, baseDirectory, errors));
        }

        return new CompiledStreams(models, CompileListeners(models.Values, config.Engine ?? RelayEngineKind.Auto));
    }

    /// <summary>Watches the certificates of <paramref name="next"/>, and no longer those that only <paramref name="previous"/> has.</summary>
    public void Watch(CompiledStreams next, CompiledStreams previous)
    {
        foreach (var model in next.Models.Values.Except(previous.Models.Values).Where(model => model.Tls is not null))
        {
            _certificates.Add(model.Tls!);
        }

        foreach (var model in previous.Models.Values.Except(next.Models.Values).Where(model => model.Tls is not null))
        {
            _certificates.Remove(model.Tls!);
        }
    }

    private StreamModel Compile(StreamConfig stream, StreamModel? before, string baseDirectory, IList<ConfigError> errors) => new()
    {
        Config = stream,
        State = before?.State ?? new StreamState(),
        ClusterId = StreamClusters.IdOf(stream),
        ConnectTimeout = stream.ConnectTimeout ?? StreamDefaults.ConnectTimeout,
        ConnectAttempts = stream.ConnectAttempts ?? StreamDefaults.ConnectAttempts,
        IdleTicks = _connections.ToTicks(stream.IdleTimeout ?? (stream.IsUdp ? StreamDefaults.UdpIdleTimeout : StreamDefaults.IdleTimeout)),
        HalfCloseTicks = _connections.ToTicks(stream.HalfCloseTimeout ?? StreamDefaults.HalfCloseTimeout),
        MaxConnections = stream.MaxConnections ?? 0,
        MaxSessions = stream.MaxSessions ?? StreamDefaults.MaxSessions,
        Requests = stream.Requests ?? 0,
        Responses = stream.Responses ?? 0,
        MaxConnectionsPerClient = stream.MaxConnectionsPerClient ?? 0,
        Access = AccessList.Compile(stream.Access),
        Bandwidth = BandwidthModel.Compile(stream.Bandwidth, before?.Bandwidth, _timeProvider),
        AcceptedProxyProtocol = ProxyProtocolModel.Compile(stream.ProxyProtocol?.Accept),
        SentProxyProtocol = stream.ProxyProtocol?.Send,
        Tls = CompileTls(stream, baseDirectory, errors),
        AccessLog = stream.AccessLog ?? false,
    };

    private static TlsServerModel? CompileTls(StreamConfig stream, string baseDirectory, IList<ConfigError> errors)
    {
        return stream.Tls is not null && TlsServerModel.TryCreate(stream.Tls, $"WmProxy:Streams:{stream.StreamId}:Tls", baseDirectory, errors, out var model)
            ? model
            : null;
    }

    private List<ListenerModel> CompileListeners(IEnumerable<StreamModel> models, RelayEngineKind engine)
    {
        return [.. models
            .SelectMany(model => model.Config.Listen.SelectMany(ListenerKey.Expand).Select(address => (Model: model, Address: address, Key: ListenerKey.Of(address, model.StreamId, model.Config.Listen))))
            .GroupBy(item => item.Key, StringComparer.Ordinal)
            .Select(group => CompileListener(group.Key, group.First().Address, [.. group.Select(item => item.Model)], engine))];
    }

    private ListenerModel CompileListener(string key, ListenAddress address, IReadOnlyList<StreamModel> models, RelayEngineKind engine)
    {
        if (address.IsUdp)
        {
            return new UdpListenerModel
            {
                Key = key,
                ConfigPath = $"WmProxy:Streams:{models[0].StreamId}:Listen",
                Address = address,
                StreamIds = [models[0].StreamId],
                Stream = models[0],
                Engine = engine,
            };
        }

        var pipeline = new StreamPipeline(_handler, _timeProvider, address.Scheme == ListenScheme.Tls, models);
        return new StreamListenerModel
        {
            Key = key,
            ConfigPath = $"WmProxy:Streams:{models[0].StreamId}:Listen",
            Address = address,
            StreamIds = [.. models.Select(model => model.StreamId)],
            Pipeline = pipeline.RunAsync,
            Engine = engine,
        };
    }
}
