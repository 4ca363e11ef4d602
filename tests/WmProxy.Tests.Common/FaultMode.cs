namespace WmProxy.Tests.Common;

/// <summary>What a <see cref="FaultInterposer"/> does with the bytes of one direction.</summary>
public enum FaultMode
{
    /// <summary>Bytes, FIN and RST go through.</summary>
    Pass,

    /// <summary>Everything is taken and nothing passed on, not even the end: a network that swallows packets.</summary>
    Drop,

    /// <summary>Nothing is taken: backpressure. What was taken before is held until the mode changes.</summary>
    Stall,

    /// <summary>Byte by byte.</summary>
    Dribble,

    /// <summary>The direction is ended with a FIN at once; what still comes is dropped.</summary>
    HalfClose,

    /// <summary>Both sides of every connection are reset at once, and new connections as they come.</summary>
    Reset,
}
