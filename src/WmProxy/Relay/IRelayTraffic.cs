using WmProxy.Connections;

namespace WmProxy.Relay;

/// <summary>What moves the bytes of one connection or session, as its row in the connection table sees it. Every member may be called from any thread.</summary>
internal interface IRelayTraffic
{
    /// <summary>Bytes written to the destination so far.</summary>
    long BytesUp { get; }

    /// <summary>Bytes written to the client so far.</summary>
    long BytesDown { get; }

    /// <summary>A number that changes whenever something was moved or ended: its standing still is idleness.</summary>
    long Activity { get; }

    /// <summary>How many of the two directions have ended.</summary>
    int EndedDirections { get; }

    /// <summary>
    /// How many of the bytes written their receivers have acknowledged, if others still wait in the system's buffers: a slow reader's progress.
    /// <see langword="null"/> when nothing waits, or where that cannot be known.
    /// </summary>
    long? AcknowledgedWhilePending { get; }

    /// <summary>Whether it ends by itself now that it has been idle for too long, or has answered that; else it is cancelled.</summary>
    bool TryEndIdle() => false;

    /// <summary>It is to end as soon as what it is doing is done, since its listener goes: only what ends in between messages can.</summary>
    void Drain()
    {
    }

    /// <summary>Ends it from outside: both peers see a failure. The first reason is the one recorded.</summary>
    void Cancel(ConnectionEndReason reason);
}
