using System;
using Microsoft.Extensions.Logging;
using WmProxy.Diagnostics;

namespace WmProxy.ForwardProxy.Http;

/// <summary>Writes down what became of each request: in the access log where that is on, else at Debug.</summary>
internal sealed partial class ForwardRequestRecorder
{
    private readonly ILogger _logger;
    private readonly ILogger _accessLog;

    public ForwardRequestRecorder(ILoggerFactory loggers)
    {
        _logger = loggers.CreateLogger<ForwardRequestRecorder>();
        _accessLog = loggers.CreateLogger(ConnectionRecorder.AccessLogCategory);
    }

    public void Ended(ForwardExchange exchange, TimeSpan elapsed)
    {
        var connection = exchange.Connection;
        if (!connection.AccessLog && !_logger.IsEnabled(LogLevel.Debug))
        {
            return;
        }

        var method = exchange.Request.Method;
        var target = exchange.TargetText ?? exchange.Target?.Describe(exchange.Request) ?? "-";
        var milliseconds = Math.Round(elapsed.TotalMilliseconds, 1);
        if (connection.AccessLog)
        {
            Log.ForwardHttpAccessLog(
                _accessLog, connection.State.ClientEndPoint?.ToString() ?? "-", exchange.Proxy.ProxyId, exchange.User ?? "-", method, target,
                exchange.Rule?.ClusterId ?? "-", exchange.Status, exchange.BytesUp, exchange.BytesDown, milliseconds, exchange.Error ?? "-");
        }
        else
        {
            Log.ForwardHttpRequestEnded(_logger, method, target, connection.State.Id, exchange.Status, milliseconds, exchange.Error);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.ForwardHttpAccessLog, LogLevel.Information, "client {client} proxy {proxy} user {user} {method} {target} by {cluster} status {status} up {bytesUp} down {bytesDown} ms {durationMs} error {error}", EventName = nameof(ForwardHttpAccessLog))]
        public static partial void ForwardHttpAccessLog(
            ILogger logger, string client, string proxy, string user, string method, string target, string cluster, int status, long bytesUp, long bytesDown, double durationMs, string error);

        [LoggerMessage(EventIds.ForwardHttpRequestEnded, LogLevel.Debug, "{method} {target} on connection {id}: status {status}, {durationMs} ms. {error}", EventName = nameof(ForwardHttpRequestEnded))]
        public static partial void ForwardHttpRequestEnded(ILogger logger, string method, string target, long id, int status, double durationMs, string? error);
    }
}
