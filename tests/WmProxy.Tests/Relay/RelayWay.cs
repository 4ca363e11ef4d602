namespace WmProxy.Tests.Relay;

/// <summary>The ways in which bytes are moved between two plain sockets.</summary>
public enum RelayWay
{
    /// <summary>The portable engine on .NET's sockets alone, as on every operating system but Linux.</summary>
    Sockets,

    /// <summary>The portable engine with Linux's calls.</summary>
    DirectCalls,

    /// <summary>The Linux engine, both sockets on one loop.</summary>
    EventLoop,

    /// <summary>The Linux engine, each socket on a loop of its own: it leaves the pair to the portable one.</summary>
    TwoEventLoops,
}
