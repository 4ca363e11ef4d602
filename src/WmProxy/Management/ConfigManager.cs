using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Diagnostics;
using WmProxy.ForwardProxy;
using WmProxy.Listeners;
using WmProxy.Routes;
using WmProxy.Streams;

namespace WmProxy.Management;

/// <summary>
/// Applies configurations: each is read and validated whole, compared with the one that runs, and applied whole or not at all. The last good
/// one stays in force until a better one comes.
/// </summary>
internal sealed partial class ConfigManager : IConfigReloader, IConfigChecker
{
    private readonly IConfiguration _configuration;
    private readonly ConfigLoader _loader;
    private readonly YarpConfigProvider _yarp;
    private readonly YarpApplyListener _yarpApplied;
    private readonly WmProxyEndpointDataSource _endpoints;
    private readonly StreamCompiler _streamCompiler;
    private readonly ForwardProxyCompiler _forwardProxyCompiler;
    private readonly ListenerHost _listeners;
    private readonly ConnectionTable _connections;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _firstLoad = new();
    private IChangeToken? _firstToken;
    private LoadedConfig? _current;
    private CompiledStreams _streams = CompiledStreams.None;
    private CompiledForwardProxies _forwardProxies = CompiledForwardProxies.None;
    private bool _listening;

    public ConfigManager(
        IConfiguration configuration, ConfigLoader loader, YarpConfigProvider yarp, YarpApplyListener yarpApplied, WmProxyEndpointDataSource endpoints,
        StreamCompiler streamCompiler, ForwardProxyCompiler forwardProxyCompiler, ListenerHost listeners, ConnectionTable connections, TimeProvider timeProvider, ILogger<ConfigManager> logger)
    {
        _configuration = configuration;
        _loader = loader;
        _yarp = yarp;
        _yarpApplied = yarpApplied;
        _endpoints = endpoints;
        _streamCompiler = streamCompiler;
        _forwardProxyCompiler = forwardProxyCompiler;
        _listeners = listeners;
        _connections = connections;
        _timeProvider = timeProvider;
        _logger = logger;
    }

    /// <summary>The streams that run.</summary>
    public CompiledStreams Streams => Volatile.Read(ref _streams);

    /// <summary>The forward proxies that run.</summary>
    public CompiledForwardProxies ForwardProxies => Volatile.Read(ref _forwardProxies);

    public ReloadResult? LastResult { get; private set; }

    public TimeSpan DrainTimeout => Volatile.Read(ref _current)?.Config.DrainTimeout ?? WmProxyConfig.DefaultDrainTimeout;

    /// <summary>Whether the configuration has changed after the first one was read, which nobody was there to notice yet.</summary>
    public bool HasMissedChange => _firstToken?.HasChanged ?? false;

    /// <summary>
    /// Reads the first configuration, before the application starts. Blocks, as YARP's own first load does: there is nothing to serve yet.
    /// </summary>
    /// <exception cref="ConfigErrorException">The configuration cannot be used.</exception>
    public void EnsureLoaded()
    {
        lock (_firstLoad)
        {
            if (_current is not null)
            {
                return;
            }

            _firstToken = _configuration.GetReloadToken();
            var loaded = _loader.LoadAsync(_configuration, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            var errors = loaded.Errors.ToList();
            if (errors.Count == 0)
            {
                _streams = _streamCompiler.Compile(loaded.Config, CompiledStreams.None, _loader.BaseDirectory, errors);
                _forwardProxies = _forwardProxyCompiler.Compile(loaded.Config, CompiledForwardProxies.None, _loader.BaseDirectory, errors);
            }

            if (errors.Count > 0)
            {
                throw new ConfigErrorException(errors);
            }

            _endpoints.Prepare(loaded.Config, _loader.BaseDirectory)();
            _yarp.PublishFirst(loaded.Yarp);
            Volatile.Write(ref _current, loaded);
        }
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
            if (_listeners.Stage([.. _streams.Listeners, .. _forwardProxies.Listeners], errors) is not { } staged)
            {
                throw new ConfigErrorException(errors);
            }

            _forwardProxyCompiler.Activate(_forwardProxies, CompiledForwardProxies.None);

            // A program of its own tells at its start, in one place, where HTTP and streams listen.
            staged.Commit(announce: !_loader.IsStandalone);
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
        // A reload that is under way ends without having changed anything.
        await _stopping.CancelAsync();
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

    public async ValueTask<IReadOnlyList<ConfigError>> CheckAsync(IConfiguration candidate, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(candidate);

        // Not while a reload holds sockets that belong to nobody yet: their ports would seem to be in use.
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            var loaded = await _loader.LoadAsync(candidate, cancellationToken);
            var errors = loaded.Errors.ToList();
            if (errors.Count > 0)
            {
                // The rest cannot be compiled, but what is wrong with certificates can be said all the same.
                _loader.CheckCertificates(loaded.Config, errors);
                return errors;
            }

            var streams = _streamCompiler.Compile(loaded.Config, CompiledStreams.None, _loader.BaseDirectory, errors);
            var forwardProxies = _forwardProxyCompiler.Compile(loaded.Config, CompiledForwardProxies.None, _loader.BaseDirectory, errors);
            if (errors.Count == 0 && _listening)
            {
                // Where nothing runs, a port in use may well be in use by the very program that this configuration is for.
                _listeners.Check([.. streams.Listeners, .. forwardProxies.Listeners], errors);
            }

            return errors;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public async Task<ReloadResult> ReloadAsync(CancellationToken cancellationToken = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        try
        {
            await _oneAtATime.WaitAsync(either.Token);
            try
            {
                return await ReloadOneAsync(either.Token);
            }
            finally
            {
                _oneAtATime.Release();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && _stopping.IsCancellationRequested)
        {
            return NotRunning();
        }
    }

    private async Task<ReloadResult> ReloadOneAsync(CancellationToken cancellationToken)
    {
        if (!_listening)
        {
            return NotRunning();
        }

        IReadOnlyList<ConfigError> errors;
        try
        {
            errors = await TryApplyAsync(cancellationToken);
            if (errors.Count > 0)
            {
                Log.ConfigRejected(_logger, string.Join(Environment.NewLine + "  ", errors));
            }
        }
        catch (Exception ex) when (ex is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // A provider of the application's that throws, for one. Nobody waits for a reload that a changed file set off, so this is the last place to say so.
            Log.ConfigReadFailed(_logger, ex);
            errors = [new ConfigError("WmProxy", $"The configuration could not be read: {ex.Message}")];
        }

        return LastResult = new ReloadResult(errors.Count == 0, _timeProvider.GetUtcNow(), errors);
    }

    private ReloadResult NotRunning() =>
        new(false, _timeProvider.GetUtcNow(), [new ConfigError("WmProxy", "The application is not running, or is stopping: no configuration is taken.")]);

    private async Task<IReadOnlyList<ConfigError>> TryApplyAsync(CancellationToken cancellationToken)
    {
        var previous = _current!;
        var loaded = await _loader.LoadAsync(_configuration, cancellationToken);
        if (loaded.Errors.Count > 0)
        {
            return loaded.Errors;
        }

        var yarpChanged = !YarpConfigComparer.Equals(loaded.Yarp, previous.Yarp);
        if (!yarpChanged && loaded.Config == previous.Config && _listeners.HasAll([.. _streams.Listeners, .. _forwardProxies.Listeners]))
        {
            Log.ConfigUnchanged(_logger);
            return [];
        }

        var errors = new List<ConfigError>();
        var streams = _streamCompiler.Compile(loaded.Config, _streams, _loader.BaseDirectory, errors);
        var forwardProxies = _forwardProxyCompiler.Compile(loaded.Config, _forwardProxies, _loader.BaseDirectory, errors);
        if (errors.Count > 0)
        {
            return errors;
        }

        var serveEndpoints = _endpoints.Prepare(loaded.Config, _loader.BaseDirectory);
        cancellationToken.ThrowIfCancellationRequested();
        if (_listeners.Stage([.. streams.Listeners, .. forwardProxies.Listeners], errors) is not { } staged)
        {
            return errors;
        }

        if (yarpChanged && await PublishAsync(loaded.Yarp, previous.Yarp, staged) is { } refusal)
        {
            return [.. YarpErrors.Describe(refusal)];
        }

        // Nothing below can fail. The listeners come last: whoever sees one open finds the rest in force.
        serveEndpoints();
        _forwardProxyCompiler.Activate(forwardProxies, _forwardProxies);
        staged.Commit();
        Volatile.Write(ref _current, yarpChanged ? loaded : loaded with { Yarp = previous.Yarp });
        _streamCompiler.Watch(streams, _streams);
        Volatile.Write(ref _streams, streams);
        Volatile.Write(ref _forwardProxies, forwardProxies);
        _connections.Drain(connection => !IsServed(connection, streams, forwardProxies), DrainTimeout);
        Log.ConfigApplied(_logger, ConfigChanges.Describe(previous.Config, loaded.Config, yarpChanged));
        return [];
    }

    // One that is in front of its stream or forward proxy may go on as long as its address is listened on.
    private static bool IsServed(ConnectionState connection, CompiledStreams streams, CompiledForwardProxies forwardProxies) =>
        connection.ForwardProxyId is { } proxyId ? forwardProxies.Serves(proxyId, connection.Listener) : streams.Serves(connection.StreamId, connection.Listener)
            || (connection.StreamId is null && forwardProxies.Serves(null, connection.Listener));

    /// <summary>Gives YARP its part; if YARP refuses it, everything is as before, and the reason is returned.</summary>
    private async Task<Exception?> PublishAsync(YarpConfig next, YarpConfig previous, StagedListeners staged)
    {
        Exception? refusal;
        try
        {
            // What YARP does with it has to be known, so only a stop ends the wait.
            refusal = await _yarp.PublishAsync(next, _yarpApplied, _stopping.Token);
        }
        catch
        {
            staged.Rollback();
            throw;
        }

        if (refusal is not null)
        {
            // YARP keeps what it had, or most of it; so does everything else, and YARP is told again what that is.
            staged.Rollback();
            await _yarp.PublishAsync(new YarpConfig(previous.Routes, previous.Clusters), _yarpApplied, _stopping.Token);
        }

        return refusal;
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.ConfigApplied, LogLevel.Information, "Configuration applied: {changes}", EventName = nameof(ConfigApplied))]
        public static partial void ConfigApplied(ILogger logger, string changes);

        [LoggerMessage(EventIds.ConfigRejected, LogLevel.Error, "The new configuration is not used; the one before stays in force, whole:\n  {errors}", EventName = nameof(ConfigRejected))]
        public static partial void ConfigRejected(ILogger logger, string errors);

        [LoggerMessage(EventIds.ConfigReadFailed, LogLevel.Error, "The new configuration could not be read; the one before stays in force, whole", EventName = nameof(ConfigReadFailed))]
        public static partial void ConfigReadFailed(ILogger logger, Exception exception);

        [LoggerMessage(EventIds.ConfigUnchanged, LogLevel.Debug, "The configuration was read again and is the same", EventName = nameof(ConfigUnchanged))]
        public static partial void ConfigUnchanged(ILogger logger);
    }
}
