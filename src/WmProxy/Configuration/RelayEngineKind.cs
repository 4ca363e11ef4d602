namespace WmProxy.Configuration;

/// <summary>What moves the bytes of streams and forward proxies.</summary>
public enum RelayEngineKind
{
    /// <summary>The best engine of this machine.</summary>
    Auto,

    /// <summary>The engine on own epoll threads.</summary>
    Linux,

    /// <summary>The engine on .NET's asynchronous sockets, which runs everywhere.</summary>
    Portable,
}
