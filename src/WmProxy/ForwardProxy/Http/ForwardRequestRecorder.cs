using System;
using System.Net;
using Microsoft.AspNetCore.Http;
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

    public void Ended(HttpContext context, ForwardExchange exchange, TimeSpan elapsed)
    {
        var connection = exchange.Connection;
        var target = exchange.Target?.LogText ?? "-";
        var milliseconds = Math.Round(elapsed.TotalMilliseconds, 1);
        if (connection.AccessLog)
        {
            Log.ForwardHttpAccessLog(
                _accessLog, connection.State.ClientEndPoint, exchange.Proxy.ProxyId, exchange.User ?? "-", context.Request.Method, target, exchange.Rule?.ClusterId ?? "-",
                context.Response.StatusCode, exchange.Request?.BytesRead ?? 0, exchange.Response?.BytesWritten ?? 0, milliseconds, exchange.Error ?? "-");
        }
        else if (_logger.IsEnabled(LogLevel.Debug))
        {
            Log.ForwardHttpRequestEnded(
                _logger, context.Request.Method, target, connection.State.Id, context.Response.StatusCode, milliseconds, exchange.Error);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.ForwardHttpAccessLog, LogLevel.Information, "client {client} proxy {proxy} user {user} {method} {target} by {cluster} status {status} up {bytesUp} down {bytesDown} ms {durationMs} error {error}", EventName = nameof(ForwardHttpAccessLog))]
        public static partial void ForwardHttpAccessLog(
            ILogger logger, EndPoint? client, string proxy, string user, string method, string target, string cluster, int status, long bytesUp, long bytesDown, double durationMs, string error);

        [LoggerMessage(EventIds.ForwardHttpRequestEnded, LogLevel.Debug, "{method} {target} on connection {id}: status {status}, {durationMs} ms. {error}", EventName = nameof(ForwardHttpRequestEnded))]
        public static partial void ForwardHttpRequestEnded(ILogger logger, string method, string target, long id, int status, double durationMs, string? error);
    }
}
