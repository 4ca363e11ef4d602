using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Diagnostics;
using WmProxy.Listeners;
using WmProxy.Routes;
using WmProxy.Streams;

namespace WmProxy.Management;

/// <summary>
/// Applies configurations: each is read and validated whole, compared with the one that runs, and applied whole or not at all. The last good
/// one stays in force until a better one comes.
/// </summary>
internal sealed partial class ConfigManager : IConfigReloader
{
    private static readonly TimeSpan DefaultDrainTimeout = TimeSpan.FromSeconds(30);

    private readonly IConfiguration _configuration;
    private readonly ConfigLoader _loader;
    private readonly YarpConfigProvider _yarp;
    private readonly YarpApplyListener _yarpApplied;
    private readonly WmProxyEndpointDataSource _endpoints;
    private readonly StreamCompiler _streamCompiler;
    private readonly ListenerHost _listeners;
    private readonly ConnectionTable _connections;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private LoadedConfig? _current;
    private CompiledStreams _streams = CompiledStreams.None;
    private bool _listening;

    public ConfigManager(
        IConfiguration configuration, ConfigLoader loader, YarpConfigProvider yarp, YarpApplyListener yarpApplied, WmProxyEndpointDataSource endpoints,
        StreamCompiler streamCompiler, ListenerHost listeners, ConnectionTable connections, TimeProvider timeProvider, ILogger<ConfigManager> logger)
    {
        _configuration = configuration;
        _loader = loader;
        _yarp = yarp;
        _yarpApplied = yarpApplied;
        _endpoints = endpoints;
        _streamCompiler = streamCompiler;
        _listeners = listeners;
        _connections = connections;
        _timeProvider = timeProvider;
        _logger = logger;
    }

    /// <summary>The streams that run.</summary>
    public CompiledStreams Streams => Volatile.Read(ref _streams);

    public ReloadResult? LastResult { get; private set; }

    public TimeSpan DrainTimeout => Volatile.Read(ref _current)?.Config.DrainTimeout ?? DefaultDrainTimeout;

    /// <summary>
    /// Reads the first configuration, before the application starts. Blocks, as YARP's own first load does: there is nothing to serve yet.
    /// </summary>
    /// <exception cref="ConfigErrorException">The configuration cannot be used.</exception>
    public void EnsureLoaded()
    {
        if (_current is not null)
        {
            return;
        }

        var loaded = _loader.LoadAsync(_configuration, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        var errors = loaded.Errors.ToList();
        if (errors.Count == 0)
        {
            _endpoints.Update(loaded.Config, _loader.BaseDirectory);
            _streams = _streamCompiler.Compile(loaded.Config, CompiledStreams.None, _loader.BaseDirectory, errors);
        }

        if (errors.Count > 0)
        {
            throw new ConfigErrorException(errors);
        }

        _yarp.PublishFirst(loaded.Yarp);
        _current = loaded;
    }

    /// <summary>Opens the listeners.</summary>
    /// <exception cref="ConfigErrorException">One of them cannot be opened; none is open then.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        EnsureLoaded();
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            var errors = new List<ConfigError>();
            if (_listeners.Stage(_streams.Listeners, errors) is not { } staged)
            {
                throw new ConfigErrorException(errors);
            }

            staged.Commit();
            _streamCompiler.Watch(_streams, CompiledStreams.None);
            _listening = true;
            LastResult = new ReloadResult(true, _timeProvider.GetUtcNow(), []);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Closes the listeners and waits for live connections, at most the drain timeout.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(CancellationToken.None);
        try
        {
            // From here on no reload opens anything.
            _listening = false;
        }
        finally
        {
            _oneAtATime.Release();
        }

        await _listeners.StopAsync(DrainTimeout, cancellationToken);
    }

    public async Task<ReloadResult> ReloadAsync(CancellationToken cancellationToken = default)
    {
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            if (!_listening)
            {
                return LastResult ?? new ReloadResult(false, _timeProvider.GetUtcNow(), [new ConfigError("", "The application is not running.")]);
            }

            var errors = await TryApplyAsync(cancellationToken);
            if (errors.Count > 0)
            {
                Log.ConfigRejected(_logger, string.Join(Environment.NewLine + "  ", errors));
            }

            return LastResult = new ReloadResult(errors.Count == 0, _timeProvider.GetUtcNow(), errors);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private async Task<IReadOnlyList<ConfigError>> TryApplyAsync(CancellationToken cancellationToken)
    {
        var previous = _current!;
        var loaded = await _loader.LoadAsync(_configuration, cancellationToken);
        if (loaded.Errors.Count > 0)
        {
            return loaded.Errors;
        }

        var yarpChanged = !YarpConfigComparer.Equals(loaded.Yarp, previous.Yarp);
        if (!yarpChanged && loaded.Config == previous.Config)
        {
            Log.ConfigUnchanged(_logger);
            return [];
        }

        var errors = new List<ConfigError>();
        var streams = _streamCompiler.Compile(loaded.Config, _streams, _loader.BaseDirectory, errors);
        if (errors.Count > 0 || _listeners.Stage(streams.Listeners, errors) is not { } staged)
        {
            return errors;
        }

        if (yarpChanged && await _yarp.PublishAsync(loaded.Yarp, _yarpApplied) is { } refusal)
        {
            // YARP keeps what it had; so does everything else, and YARP is told again what that is.
            staged.Rollback();
            await _yarp.PublishAsync(new YarpConfig(previous.Yarp.Routes, previous.Yarp.Clusters), _yarpApplied);
            return [new ConfigError(YarpConfigReader.SectionName, refusal.Message)];
        }

        // Nothing below can fail.
        _endpoints.Update(loaded.Config, _loader.BaseDirectory);
        staged.Commit();
        Volatile.Write(ref _current, yarpChanged ? loaded : loaded with { Yarp = previous.Yarp });
        _streamCompiler.Watch(streams, _streams);
        Volatile.Write(ref _streams, streams);
        _connections.Drain(connection => !streams.Serves(connection.StreamId, connection.Listener), DrainTimeout);
        Log.ConfigApplied(_logger, ConfigChanges.Describe(previous.Config, loaded.Config, yarpChanged));
        return [];
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.ConfigApplied, LogLevel.Information, "Configuration applied: {changes}", EventName = nameof(ConfigApplied))]
        public static partial void ConfigApplied(ILogger logger, string changes);

        [LoggerMessage(EventIds.ConfigRejected, LogLevel.Error, "The new configuration is not used; the one before stays in force, whole:\n  {errors}", EventName = nameof(ConfigRejected))]
        public static partial void ConfigRejected(ILogger logger, string errors);

        [LoggerMessage(EventIds.ConfigUnchanged, LogLevel.Debug, "The configuration was read again and is the same", EventName = nameof(ConfigUnchanged))]
        public static partial void ConfigUnchanged(ILogger logger);
    }
}
