namespace WmProxy.ForwardProxy.Http;

/// <summary>How an exchange has ended.</summary>
internal enum ExchangeResultKind
{
    /// <summary>The response is over, and the connection to the destination can be kept.</summary>
    Completed,

    /// <summary>The response is over, and the connection to the destination cannot be kept.</summary>
    CompletedLast,

    /// <summary>The connection changed to another protocol, which is over.</summary>
    Switched,

    /// <summary>The head of a response has come.</summary>
    Responded,

    /// <summary>The client is still to be told what went wrong.</summary>
    Answered,

    /// <summary>The destination has ended the connection without a byte: that of a request before may have been the last one that it takes.</summary>
    Stale,

    /// <summary>The destination has broken off in the middle of what the client has had the beginning of.</summary>
    Cut,

    /// <summary>The client is gone.</summary>
    ClientGone,
}
