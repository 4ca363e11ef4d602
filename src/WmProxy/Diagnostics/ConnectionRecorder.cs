using System;
using System.Collections.Generic;
using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Logging;
using WmProxy.Connections;

namespace WmProxy.Diagnostics;

/// <summary>Records each connection's end once: in the metrics, in the log at Debug, and in the access log where that is on.</summary>
internal sealed partial class ConnectionRecorder
{
    public const string MeterName = "WmProxy";

    // The category by which an operator routes these lines to a file of their own.
    public const string AccessLogCategory = "WmProxy.AccessLog";

    private readonly ILogger _logger;
    private readonly ILogger _accessLog;
    private readonly TimeProvider _timeProvider;
    private readonly UpDownCounter<long> _active;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _bytes;

    public ConnectionRecorder(IMeterFactory meterFactory, ILoggerFactory loggerFactory, TimeProvider timeProvider)
    {
        _logger = loggerFactory.CreateLogger<ConnectionRecorder>();
        _accessLog = loggerFactory.CreateLogger(AccessLogCategory);
        _timeProvider = timeProvider;
        var meter = meterFactory.Create(MeterName);
        _active = meter.CreateUpDownCounter<long>("wmproxy.connections.active", "{connection}", "Connections that a stream or a forward proxy has taken and that have not ended.");
        _duration = meter.CreateHistogram<double>("wmproxy.connection.duration", "s", "The time from acceptance to end.");
        _bytes = meter.CreateCounter<long>("wmproxy.io", "By", "Bytes relayed, counted when a connection ends.");
    }

    /// <summary>A stream or a forward proxy has taken the connection.</summary>
    public void Started(ConnectionState connection)
    {
        if (_active.Enabled)
        {
            _active.Add(1, Owner(connection));
        }
    }

    /// <summary>The connection has ended, for the reason that its state tells.</summary>
    public void Ended(ConnectionState connection)
    {
        if ((connection.StreamId ?? connection.ForwardProxyId) is not null && _active.Enabled)
        {
            _active.Add(-1, Owner(connection));
        }

        if (_duration.Enabled)
        {
            _duration.Record(
                _timeProvider.GetElapsedTime(connection.StartTimestamp).TotalSeconds,
                Owner(connection),
                new KeyValuePair<string, object?>("wmproxy.end_reason", connection.EndReason.ToString()));
        }

        if (_bytes.Enabled)
        {
            _bytes.Add(connection.BytesUp, Owner(connection), new KeyValuePair<string, object?>("network.io.direction", "up"));
            _bytes.Add(connection.BytesDown, Owner(connection), new KeyValuePair<string, object?>("network.io.direction", "down"));
        }

        if (connection.AccessLog)
        {
            WriteAccessLog(connection);
        }
        else if (_logger.IsEnabled(LogLevel.Debug))
        {
            Log.ConnectionEnded(
                _logger, connection.Id, connection.ClientEndPoint, connection.StreamId ?? connection.ForwardProxyId, connection.Target ?? connection.DestinationId,
                connection.BytesUp, connection.BytesDown, DurationMilliseconds(connection), connection.EndReason, connection.Error);
        }
    }

    private void WriteAccessLog(ConnectionState connection)
    {
        if (connection.ForwardProxyId is { } proxy)
        {
            Log.ForwardAccessLog(
                _accessLog, Text(connection.ClientEndPoint), proxy, Text(connection.User), Text(connection.Target), Text(connection.ClusterId), Text(connection.DestinationId),
                connection.BytesUp, connection.BytesDown, DurationMilliseconds(connection), connection.EndReason, Text(connection.Error));
        }
        else
        {
            Log.AccessLog(
                _accessLog, Text(connection.ClientEndPoint), Text(connection.StreamId), Text(connection.ServerName), Text(connection.ClusterId), Text(connection.DestinationId),
                connection.BytesUp, connection.BytesDown, DurationMilliseconds(connection), connection.EndReason, Text(connection.Error));
        }
    }

    private static KeyValuePair<string, object?> Owner(ConnectionState connection) => connection.ForwardProxyId is { } proxy
        ? new("wmproxy.forward_proxy", proxy)
        : new("wmproxy.stream", connection.StreamId);

    // What is not known is "-", as in the logs of HTTP servers; a Unix domain socket has no address to tell.
    private static string Text(object? value) => value?.ToString() is { Length: > 0 } text ? text : "-";

    private double DurationMilliseconds(ConnectionState connection) => Math.Round(_timeProvider.GetElapsedTime(connection.StartTimestamp).TotalMilliseconds, 1);

    private static partial class Log
    {
        [LoggerMessage(EventIds.ConnectionEnded, LogLevel.Debug, "Connection {id} of {client} to {stream} -> {destination}: {bytesUp} bytes up, {bytesDown} down, {durationMs} ms, ended by {reason}. {error}", EventName = nameof(ConnectionEnded))]
        public static partial void ConnectionEnded(
            ILogger logger, long id, EndPoint? client, string? stream, string? destination, long bytesUp, long bytesDown, double durationMs, ConnectionEndReason reason, string? error);

        [LoggerMessage(EventIds.AccessLog, LogLevel.Information, "client {client} stream {stream} name {serverName} to {cluster}/{destination} up {bytesUp} down {bytesDown} ms {durationMs} end {reason} error {error}", EventName = nameof(AccessLog))]
        public static partial void AccessLog(
            ILogger logger, string client, string stream, string serverName, string cluster, string destination, long bytesUp, long bytesDown, double durationMs, ConnectionEndReason reason, string error);

        [LoggerMessage(EventIds.ForwardAccessLog, LogLevel.Information, "client {client} proxy {proxy} user {user} target {target} by {cluster}/{destination} up {bytesUp} down {bytesDown} ms {durationMs} end {reason} error {error}", EventName = nameof(ForwardAccessLog))]
        public static partial void ForwardAccessLog(
            ILogger logger, string client, string proxy, string user, string target, string cluster, string destination, long bytesUp, long bytesDown, double durationMs, ConnectionEndReason reason, string error);
    }
}
