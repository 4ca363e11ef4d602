namespace WmProxy.Udp;

/// <summary>Why datagrams were not passed on. The names appear in metrics and are a contract.</summary>
internal enum UdpDropReason
{
    /// <summary>The client's address may not use the stream.</summary>
    AccessDenied,

    /// <summary>The stream has as many sessions as it may.</summary>
    SessionLimit,

    /// <summary>The client has as many sessions as it may.</summary>
    ClientSessionLimit,

    /// <summary>The cluster has no destination, or none that is healthy.</summary>
    NoDestination,

    /// <summary>The destination's name could not be resolved, or no socket could be opened for it.</summary>
    ConnectFailed,

    /// <summary>Too much came while the destination's name was being resolved.</summary>
    Resolving,

    /// <summary>The bandwidth limit was reached.</summary>
    Bandwidth,

    /// <summary>The system did not take it: its buffer was full, it was too large with its header, or nobody listens there.</summary>
    SendFailed,

    /// <summary>It did not arrive whole.</summary>
    Truncated,

    /// <summary>The session had all the replies that it takes already.</summary>
    Completed,
}
