using System.Threading;
using WmProxy.Connections;
using WmProxy.Relay.Bandwidth;

namespace WmProxy.Relay;

/// <summary>
/// Two connections that are relayed to each other, with what others may know and do about it meanwhile: read the byte counts, cancel.
/// </summary>
internal sealed class RelaySession : IRelayTraffic
{
    private readonly TransportStream _client;
    private readonly TransportStream _upstream;
    private readonly CancellationTokenSource? _canceled;
    private long _bytesUp;
    private long _bytesDown;
    private int _endedDirections;
    private bool _writingUp;
    private bool _writingDown;
    private int _endReason;

    public RelaySession(TransportStream client, TransportStream upstream, BandwidthLease? bandwidth = null)
    {
        _client = client;
        _upstream = upstream;
        Bandwidth = bandwidth;
        _canceled = bandwidth is null ? null : new CancellationTokenSource();
    }

    public TransportStream Client => _client;

    public TransportStream Upstream => _upstream;

    /// <summary>What limits the relay; <see langword="null"/> for nothing.</summary>
    public BandwidthLease? Bandwidth { get; }

    /// <summary>Ends the wait for a limit's next bytes, which closing the connections does not end.</summary>
    public CancellationToken Canceled => _canceled?.Token ?? CancellationToken.None;

    /// <inheritdoc/>
    public long BytesUp => Volatile.Read(ref _bytesUp);

    /// <inheritdoc/>
    public long BytesDown => Volatile.Read(ref _bytesDown);

    /// <inheritdoc/>
    public long Activity => BytesUp + BytesDown + EndedDirections;

    /// <inheritdoc/>
    public int EndedDirections => Volatile.Read(ref _endedDirections);

    /// <inheritdoc/>
    public long? AcknowledgedWhilePending => TransportStream.SumOfAcknowledged(_client, _upstream);

    /// <summary>Why the relay ends; <see cref="ConnectionEndReason.None"/> as long as nothing went wrong.</summary>
    public ConnectionEndReason EndReason => (ConnectionEndReason)Volatile.Read(ref _endReason);

    /// <inheritdoc/>
    public void Cancel(ConnectionEndReason reason)
    {
        Record(reason);
        AbortBoth();
    }

    /// <summary>Records why the relay ends, unless a reason is recorded already.</summary>
    public void Record(ConnectionEndReason reason) => Interlocked.CompareExchange(ref _endReason, (int)reason, (int)ConnectionEndReason.None);

    public void AbortBoth()
    {
        _client.Abort();
        _upstream.Abort();
        _canceled?.Cancel();
    }

    // Each counter has one writer, the pump of its direction, so a plain addition is enough; readers may be a moment behind.
    public void AddBytes(RelayDirection direction, long count)
    {
        if (direction == RelayDirection.Up)
        {
            Volatile.Write(ref _bytesUp, _bytesUp + count);
        }
        else
        {
            Volatile.Write(ref _bytesDown, _bytesDown + count);
        }
    }

    /// <summary>One more direction has ended; whether it was the last one.</summary>
    public bool DirectionEnded() => Interlocked.Increment(ref _endedDirections) == 2;

    /// <summary>
    /// A pump is about to write. It says <see cref="Written"/> only after a success, so a write that failed, and took the error of a reset
    /// with it, goes on being <see cref="IsWriting"/>.
    /// </summary>
    public void Writing(RelayDirection direction) => Volatile.Write(ref WritingOf(direction), true);

    public void Written(RelayDirection direction) => Volatile.Write(ref WritingOf(direction), false);

    public bool IsWriting(RelayDirection direction) => Volatile.Read(ref WritingOf(direction));

    private ref bool WritingOf(RelayDirection direction) => ref direction == RelayDirection.Up ? ref _writingUp : ref _writingDown;
}
