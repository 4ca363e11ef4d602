using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using WmProxy.Configuration;
using WmProxy.Diagnostics;
using WmProxy.Management;
using WmProxy.Server.Http;

namespace WmProxy.Server.Configuration;

/// <summary>
/// Takes a changed configuration file over when, and only when, the whole configuration is right with it. Otherwise everything goes on as it was, and
/// the log says once what is wrong.
/// </summary>
internal sealed partial class ConfigFileReloader : BackgroundService
{
    private readonly LastGoodJsonConfigurationProvider _file;
    private readonly ServerOptions _options;
    private readonly IConfiguration _live;
    private readonly IConfigChecker _checker;
    private readonly ILogger<ConfigFileReloader> _logger;
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private string? _rejectedVersion;

    public ConfigFileReloader(
        LastGoodJsonConfigurationProvider file, ServerOptions options, IConfiguration live, IConfigChecker checker,
        ILogger<ConfigFileReloader> logger)
    {
        _file = file;
        _options = options;
        _live = live;
        _checker = checker;
        _logger = logger;
    }

    /// <summary>What became of the file when it was last read with something new in it; <see langword="null"/> before.</summary>
    public ReloadResult? LastResult { get; private set; }

    /// <summary>Reads the file now. Errors are the result, and are logged when the file has not been refused with the same content before.</summary>
    public async Task<ReloadResult> ReloadAsync(CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            var content = _file.Read();
            if (content.Version == _file.LiveVersion)
            {
                if (_rejectedVersion is not null)
                {
                    _rejectedVersion = null;
                    Log.ConfigFileRecovered(_logger, _file.Path);
                    LastResult = Result([]);
                }

                return Result([]);
            }

            var errors = await CheckAsync(content, cancellationToken);
            if (errors.Count > 0)
            {
                if (_rejectedVersion != content.Version)
                {
                    _rejectedVersion = content.Version;
                    Log.ConfigFileRejected(_logger, _file.Path, string.Join(Environment.NewLine + "  ", errors));
                    LastResult = Result(errors);
                }

                return Result(errors);
            }

            _rejectedVersion = null;
            Apply(content);
            return LastResult = Result([]);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public override void Dispose()
    {
        _oneAtATime.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var watcher = new ConfigFileWatcher(_file.Path, _options.TimeProvider);
        if (!watcher.HasNotifications)
        {
            Log.ConfigFileNotWatched(_logger, _file.Path, ConfigFileWatcher.PollInterval.TotalSeconds);
        }

        try
        {
            // What changed between the first load and now was not seen.
            do
            {
                await TryReloadAsync(stoppingToken);
            }
            while (await watcher.WaitForChangeAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The program stops.
        }
    }

    private async Task TryReloadAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ReloadAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // A fault in a check must end neither the watching nor the program.
            Log.ConfigFileApplyFailed(_logger, _file.Path, exception);
        }
    }

    private async ValueTask<IReadOnlyList<ConfigError>> CheckAsync(ConfigFileContent content, CancellationToken cancellationToken)
    {
        if (content.Values is null)
        {
            return [content.Error!];
        }

        var candidate = ConfigurationLayers.Compose(content.Values, _options);
        using var disposable = candidate as IDisposable;
        var errors = await _checker.CheckAsync(candidate, cancellationToken);
        // A port in use is only asked about when the rest is right: half of the sockets may not even be meant.
        return errors.Count > 0 ? errors : [.. HttpEndpointPreflight.Check(candidate, _live)];
    }

    private void Apply(ConfigFileContent content)
    {
        try
        {
            _file.Replace(content);
            Log.ConfigFileApplied(_logger, _file.Path);
        }
        catch (AggregateException exception)
        {
            // Somebody who follows the configuration threw; the others have been told all the same.
            Log.ConfigFileApplyFailed(_logger, _file.Path, exception);
        }
    }

    private ReloadResult Result(IReadOnlyList<ConfigError> errors) => new(errors.Count == 0, _options.TimeProvider.GetUtcNow(), errors);

    private static partial class Log
    {
        [LoggerMessage(EventIds.ConfigFileApplied, LogLevel.Information, "{File} has changed and is right: it is applied")]
        public static partial void ConfigFileApplied(ILogger logger, string file);

        [LoggerMessage(EventIds.ConfigFileRejected, LogLevel.Error, "{File} has changed and cannot be used; everything goes on with the configuration before it:\n  {Errors}")]
        public static partial void ConfigFileRejected(ILogger logger, string file, string errors);

        [LoggerMessage(EventIds.ConfigFileRecovered, LogLevel.Information, "{File} is again as it is in use")]
        public static partial void ConfigFileRecovered(ILogger logger, string file);

        [LoggerMessage(EventIds.ConfigFileNotWatched, LogLevel.Information, "Changes of {File} are looked for every {Seconds} s: the system gives no notifications")]
        public static partial void ConfigFileNotWatched(ILogger logger, string file, double seconds);

        [LoggerMessage(EventIds.ConfigFileApplyFailed, LogLevel.Error, "A part of the program failed to follow a change of {File}")]
        public static partial void ConfigFileApplyFailed(ILogger logger, string file, Exception exception);
    }
}
