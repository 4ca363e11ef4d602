using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics.Metrics;
using System.Linq;
using System.Threading.Channels;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.Diagnostics;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Hosting;

/// <summary>What an application's metrics say of its connections: as an operator would see it.</summary>
internal sealed class ConnectionRecords : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Channel<ConnectionRecord> _ended = Channel.CreateUnbounded<ConnectionRecord>();
    private readonly ConcurrentDictionary<string, long> _active = new();
    private readonly ConcurrentDictionary<string, long> _bytes = new();
    private readonly ConcurrentDictionary<string, long> _dropped = new();
    private int _count;

    public ConnectionRecords(ProxyHost host)
    {
        var meters = host.Application.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == ConnectionRecorder.MeterName && ReferenceEquals(instrument.Meter.Scope, meters))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (instrument.Name == "wmproxy.connections.active")
            {
                _active.AddOrUpdate(Owner(tags), value, (_, sum) => sum + value);
            }
            else if (instrument.Name == "wmproxy.io")
            {
                _bytes.AddOrUpdate(Tag(tags, "network.io.direction"), value, (_, sum) => sum + value);
            }
            else if (instrument.Name == "wmproxy.udp.dropped")
            {
                _dropped.AddOrUpdate(Tag(tags, "wmproxy.drop_reason"), value, (_, sum) => sum + value);
            }
        });
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            if (instrument.Name == "wmproxy.connection.duration")
            {
                System.Threading.Interlocked.Increment(ref _count);
                _ended.Writer.TryWrite(new ConnectionRecord(Owner(tags), Tag(tags, "wmproxy.end_reason"), value));
            }
        });
        _listener.Start();
    }

    /// <summary>The connections that a stream has taken and that have not ended.</summary>
    public long Active => _active.Values.Sum();

    /// <summary>How many connections have ended.</summary>
    public int Count => System.Threading.Volatile.Read(ref _count);

    public long BytesUp => _bytes.GetValueOrDefault("up");

    public long BytesDown => _bytes.GetValueOrDefault("down");

    /// <summary>How many datagrams were dropped, for each reason for which any were.</summary>
    public IReadOnlyDictionary<string, long> Dropped => _dropped;

    /// <summary>Waits until so many datagrams were dropped for <paramref name="reason"/>.</summary>
    public Task WaitForDroppedAsync(string reason, long count) => Deadline.PollAsync(() => Task.FromResult(_dropped.GetValueOrDefault(reason) >= count));

    /// <summary>Waits for the next connection that has ended; each is given out once.</summary>
    public Task<ConnectionRecord> NextAsync() => _ended.Reader.ReadAsync().AsTask().Within();

    public void Dispose() => _listener.Dispose();

    private static string Owner(ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        Tag(tags, "wmproxy.stream") is { Length: > 0 } stream ? stream : Tag(tags, "wmproxy.forward_proxy");

    private static string Tag(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
    {
        foreach (var (key, value) in tags)
        {
            if (key == name)
            {
                return value?.ToString() ?? "";
            }
        }

        return "";
    }
}
