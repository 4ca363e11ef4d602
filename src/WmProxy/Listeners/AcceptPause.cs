using System;
using Microsoft.Extensions.Logging;
using WmProxy.Configuration;
using WmProxy.Diagnostics;

namespace WmProxy.Listeners;

/// <summary>The pause after an error of accept(2) that comes from a lack of resources: those do not go away by trying at once.</summary>
internal sealed partial class AcceptPause
{
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly ListenAddress _address;
    private long _lastLog;

    public AcceptPause(TimeProvider timeProvider, ILogger logger, ListenAddress address)
    {
        _timeProvider = timeProvider;
        _logger = logger;
        _address = address;
    }

    /// <summary>How long to wait before the next attempt.</summary>
    public static TimeSpan Length { get; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Says why there is a pause, but not too often. One caller at a time.</summary>
    public void Report(string error)
    {
        var now = _timeProvider.GetTimestamp();
        if (_lastLog == 0 || _timeProvider.GetElapsedTime(_lastLog, now) >= LogInterval)
        {
            _lastLog = now;
            Log.AcceptFailed(_logger, _address, error);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.AcceptFailed, LogLevel.Warning, "Accepting on {address} fails: {error}. It is tried again until it works; raise the limit of open files if it is that.", EventName = nameof(AcceptFailed))]
        public static partial void AcceptFailed(ILogger logger, ListenAddress address, string error);
    }
}
