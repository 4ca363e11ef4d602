namespace WmProxy.Relay.Linux;

/// <summary>Where a <see cref="RelayMachine{TCalls,TPipe}"/> stands after it has done what it could.</summary>
internal enum RelayOutcome
{
    /// <summary>It needs a socket to become ready.</summary>
    Waiting,

    /// <summary>There is more to do at once; others have their turn first.</summary>
    More,

    /// <summary>Both directions came to their end.</summary>
    Completed,

    /// <summary>The client's side failed; both are to be reset.</summary>
    ClientFailed,

    /// <summary>The destination's side failed; both are to be reset.</summary>
    UpstreamFailed,
}
