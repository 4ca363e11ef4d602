using System;
using WmProxy.Configuration;

namespace WmProxy.Streams;

/// <summary>A stream's configuration, compiled. A connection keeps the one that it started with.</summary>
internal sealed class StreamModel
{
    /// <summary>The stream's configuration, to compare the next one with.</summary>
    public required StreamConfig Config { get; init; }

    /// <summary>What outlives this model: the stream's live connections and their counts.</summary>
    public required StreamState State { get; init; }

    public string StreamId => Config.StreamId;

    public required string ClusterId { get; init; }

    public required TimeSpan ConnectTimeout { get; init; }

    public required int ConnectAttempts { get; init; }

    /// <summary>In ticks of the time provider's timestamps.</summary>
    public required long IdleTicks { get; init; }

    /// <inheritdoc cref="IdleTicks"/>
    public required long HalfCloseTicks { get; init; }

    /// <summary>0 for no limit.</summary>
    public required int MaxConnections { get; init; }

    /// <inheritdoc cref="MaxConnections"/>
    public required int MaxConnectionsPerClient { get; init; }

    public required bool AccessLog { get; init; }
}
