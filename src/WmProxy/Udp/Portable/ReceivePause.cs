using System;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using WmProxy.Diagnostics;

namespace WmProxy.Udp.Portable;

/// <summary>The pause after a failure of a listening socket that does not go away by trying at once.</summary>
internal sealed partial class ReceivePause
{
    private static readonly TimeSpan Length = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly string _name;
    private long _lastLog;

    public ReceivePause(TimeProvider timeProvider, ILogger logger, string name) => (_timeProvider, _logger, _name) = (timeProvider, logger, name);

    /// <summary>Says why there is a pause, but not too often, and makes it.</summary>
    public Task WaitAsync(Exception exception)
    {
        var now = _timeProvider.GetTimestamp();
        if (_lastLog == 0 || _timeProvider.GetElapsedTime(_lastLog, now) >= LogInterval)
        {
            _lastLog = now;
            Log.UdpReceiveFailed(_logger, _name, exception);
        }

        return Task.Delay(Length, _timeProvider);
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.UdpReceiveFailed, LogLevel.Error, "Taking a datagram on {address} failed; it is gone on with the next.", EventName = nameof(UdpReceiveFailed))]
        public static partial void UdpReceiveFailed(ILogger logger, string address, Exception exception);
    }
}
