using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using WmProxy.Diagnostics;
using WmProxy.Management;
using WmProxy.Server.Configuration;

namespace WmProxy.Server.Lifetime;

/// <summary>
/// A reload that somebody asked for: reads the file, and applies the configuration also when it is as before, so that what failed for reasons outside
/// of it (a port that was in use) is tried again.
/// </summary>
internal sealed partial class ReloadRequest
{
    private readonly ConfigFileReloader _file;
    private readonly IConfigReloader _reloader;
    private readonly ILogger<ReloadRequest> _logger;

    public ReloadRequest(ConfigFileReloader file, IConfigReloader reloader, ILogger<ReloadRequest> logger)
    {
        _file = file;
        _reloader = reloader;
        _logger = logger;
    }

    /// <summary>Reloads and logs the result. Does not throw.</summary>
    public async Task<ReloadResult?> RunAsync(string cause, CancellationToken cancellationToken)
    {
        try
        {
            Log.ReloadRequested(_logger, cause);
            var result = await _file.ReloadAsync(cancellationToken);
            if (result.Succeeded)
            {
                result = await _reloader.ReloadAsync(cancellationToken);
            }

            if (result.Succeeded)
            {
                Log.ReloadSucceeded(_logger, cause);
            }
            else
            {
                Log.ReloadFailed(_logger, cause, string.Join(Environment.NewLine + "  ", result.Errors.Select(error => error.ToString())), null);
            }

            return result;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception exception)
        {
            // Nobody awaits a signal: what escapes here would be lost.
            Log.ReloadFailed(_logger, cause, exception.Message, exception);
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.ReloadRequested, LogLevel.Information, "{Cause}: reading the configuration again")]
        public static partial void ReloadRequested(ILogger logger, string cause);

        [LoggerMessage(EventIds.ReloadSucceeded, LogLevel.Information, "{Cause}: the configuration is in use")]
        public static partial void ReloadSucceeded(ILogger logger, string cause);

        [LoggerMessage(EventIds.ReloadFailed, LogLevel.Error, "{Cause}: the configuration cannot be used; everything goes on as before:\n  {Errors}")]
        public static partial void ReloadFailed(ILogger logger, string cause, string errors, Exception? exception);
    }
}
