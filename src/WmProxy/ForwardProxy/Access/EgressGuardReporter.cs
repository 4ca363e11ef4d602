using System;
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using WmProxy.Connectors;
using WmProxy.Diagnostics;

namespace WmProxy.ForwardProxy.Access;

/// <summary>Counts what the egress guard refuses, and logs what it would have refused: for each proxy and reason a line a second, whatever clients do.</summary>
internal sealed partial class EgressGuardReporter
{
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(1);

    // Bounded by the names of the configuration.
    private readonly ConcurrentDictionary<(string Proxy, GuardReason Reason), long> _lastLogs = new();
    private readonly ForwardMetrics _metrics;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;

    public EgressGuardReporter(ForwardMetrics metrics, TimeProvider timeProvider, ILogger<EgressGuardReporter> logger)
    {
        _metrics = metrics;
        _timeProvider = timeProvider;
        _logger = logger;
    }

    public void Report(ForwardProxyModel proxy, GuardReason reason, ForwardTarget target, ForwardRule rule, bool isEnforced)
    {
        _metrics.Guarded(proxy.ProxyId, reason, isEnforced);
        if (!isEnforced && IsTurn((proxy.ProxyId, reason)))
        {
            Log.EgressGuardReport(_logger, proxy.ProxyId, target.ToString(), reason, rule.Name);
        }
    }

    private bool IsTurn((string Proxy, GuardReason Reason) key)
    {
        var now = _timeProvider.GetTimestamp();
        if (!_lastLogs.TryGetValue(key, out var last))
        {
            return _lastLogs.TryAdd(key, now);
        }

        return _timeProvider.GetElapsedTime(last, now) >= LogInterval && _lastLogs.TryUpdate(key, now, last);
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.EgressGuardReport, LogLevel.Information, "The egress guard of forward proxy '{proxy}' would refuse {target} ({reason}; rule {rule} allows it)", EventName = nameof(EgressGuardReport))]
        public static partial void EgressGuardReport(ILogger logger, string proxy, string target, GuardReason reason, string rule);
    }
}
