using System.Runtime.Versioning;

namespace WmProxy.Relay.Linux;

/// <summary>What an <see cref="EventLoop"/> tells of one descriptor's readiness. Called on the loop's thread only.</summary>
[SupportedOSPlatform("linux")]
internal abstract class EventLoopHandler
{
    /// <summary>The place in the loop's table, 0 while not registered; the loop's own.</summary>
    internal int Slot { get; set; }

    /// <summary>Whether a turn is due (<see cref="EventLoop.Schedule"/>); the loop's own.</summary>
    internal bool IsScheduled { get; set; }

    /// <summary>The descriptor is ready for <paramref name="events"/> (bits of <see cref="Native.Epoll"/>). Does not throw.</summary>
    public abstract void OnReady(uint events);

    /// <summary>The turn that was asked for with <see cref="EventLoop.Schedule"/>: others have had theirs. Does not throw.</summary>
    public virtual void OnTurn()
    {
    }
    /// <summary>The loop has ended and tells of nothing any more: whatever the handler owns is to be closed. Does not throw.</summary>
    public virtual void OnStopped()
    {
    }
}
