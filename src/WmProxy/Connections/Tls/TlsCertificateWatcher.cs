using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.Extensions.Logging;
using WmProxy.Configuration;
using WmProxy.Diagnostics;

namespace WmProxy.Connections.Tls;

/// <summary>
/// Looks at the files of all models' certificates every two seconds, so that new handshakes use new ones soon. One timer for all of them,
/// and none while there is nothing to watch. Polling, as notifications miss swapped links and network file systems.
/// </summary>
internal sealed partial class TlsCertificateWatcher : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly ILogger<TlsCertificateWatcher> _logger;
    private readonly TimeProvider _timeProvider;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private readonly HashSet<IWatchedCertificates> _models = [];
    private int _isPolling;

    public TlsCertificateWatcher(TimeProvider timeProvider, ILogger<TlsCertificateWatcher> logger)
    {
        (_timeProvider, _logger) = (timeProvider, logger);
        _timer = timeProvider.CreateTimer(static state => ((TlsCertificateWatcher)state!).Poll(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Watches the files of <paramref name="model"/> from now on.</summary>
    public void Add(IWatchedCertificates model)
    {
        lock (_lock)
        {
            if (_models.Add(model) && _models.Count == 1)
            {
                _timer.Change(Interval, Interval);
            }
        }

        LogWarnings(model);
    }

    /// <summary>Watches them no more. Connections keep what they have.</summary>
    public void Remove(IWatchedCertificates model)
    {
        lock (_lock)
        {
            if (_models.Remove(model) && _models.Count == 0)
            {
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Poll()
    {
        // A file system that hangs holds one thread, not one more every two seconds.
        if (Interlocked.Exchange(ref _isPolling, 1) != 0)
        {
            return;
        }

        try
        {
            IWatchedCertificates[] models;
            lock (_lock)
            {
                models = [.. _models];
            }

            foreach (var model in models)
            {
                Reload(model);
            }
        }
        catch (Exception ex)
        {
            // An exception out of a timer would end the process.
            Log.TlsCertificatePollFailed(_logger, ex);
        }
        finally
        {
            Volatile.Write(ref _isPolling, 0);
        }
    }

    private void Reload(IWatchedCertificates model)
    {
        var errors = new List<ConfigError>();
        var taken = model.Reload(errors);
        foreach (var error in errors.Distinct())
        {
            Log.TlsCertificateReloadFailed(_logger, error);
        }

        foreach (var item in taken)
        {
            if (item is { Certificate: var certificate })
            {
                Log.TlsCertificateReloaded(_logger, certificate.Subject, certificate.NotAfter.ToUniversalTime(), certificate.Thumbprint);
            }
            else
            {
                Log.TlsClientAuthoritiesReloaded(_logger);
            }
        }

        if (taken.Count > 0)
        {
            LogWarnings(model);
        }
    }

    private void LogWarnings(IWatchedCertificates model)
    {
        foreach (var warning in model.GetWarnings(_timeProvider.GetUtcNow()).Distinct())
        {
            Log.TlsCertificateOutOfTime(_logger, warning);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.TlsCertificateReloaded, LogLevel.Information, "New TLS handshakes use the certificate '{Subject}', valid until {NotAfter:u}, {Thumbprint}.")]
        public static partial void TlsCertificateReloaded(ILogger logger, string subject, DateTime notAfter, string thumbprint);

        [LoggerMessage(EventIds.TlsCertificateReloadFailed, LogLevel.Warning, "Files of a certificate have changed and cannot be used; what was read before stays in use until they can. {Error}")]
        public static partial void TlsCertificateReloadFailed(ILogger logger, ConfigError error);

        [LoggerMessage(EventIds.TlsCertificateOutOfTime, LogLevel.Warning, "{Warning}")]
        public static partial void TlsCertificateOutOfTime(ILogger logger, ConfigError warning);

        [LoggerMessage(EventIds.TlsClientAuthoritiesReloaded, LogLevel.Information, "New TLS handshakes use the new certificate authorities.")]
        public static partial void TlsClientAuthoritiesReloaded(ILogger logger);

        [LoggerMessage(EventIds.TlsCertificatePollFailed, LogLevel.Error, "Looking for new certificates failed.")]
        public static partial void TlsCertificatePollFailed(ILogger logger, Exception exception);
    }
}
