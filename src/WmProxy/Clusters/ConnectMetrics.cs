using System;
using System.Collections.Generic;
using System.Diagnostics.Metrics;
using WmProxy.Connections;

namespace WmProxy.Clusters;

/// <summary>How long connecting to destinations takes.</summary>
internal sealed class ConnectMetrics
{
    private readonly Histogram<double> _duration;
    private readonly TimeProvider _timeProvider;

    public ConnectMetrics(IMeterFactory meterFactory, TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        _duration = meterFactory.Create("WmProxy").CreateHistogram(
            "wmproxy.upstream.connect.duration",
            "s",
            "Duration of attempts to connect to a destination.",
            tags: null,
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
            });
    }

    /// <summary>The timestamp of an attempt's start; 0 when nobody listens.</summary>
    public long Start() => _duration.Enabled ? _timeProvider.GetTimestamp() : 0;

    /// <summary>Records an attempt's end.</summary>
    /// <param name="start">What <see cref="Start"/> gave.</param>
    /// <param name="clusterId">The cluster.</param>
    /// <param name="failure"><see cref="ConnectionEndReason.None"/> for a connection, else why there is none.</param>
    public void Record(long start, string clusterId, ConnectionEndReason failure)
    {
        if (start == 0)
        {
            return;
        }

        var outcome = failure switch
        {
            ConnectionEndReason.None => "connected",
            ConnectionEndReason.ConnectTimeout => "timeout",
            _ => "failed",
        };
        _duration.Record(
            _timeProvider.GetElapsedTime(start).TotalSeconds,
            new KeyValuePair<string, object?>("cluster", clusterId),
            new KeyValuePair<string, object?>("outcome", outcome));
    }
}
