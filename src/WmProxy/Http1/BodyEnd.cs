namespace WmProxy.Http1;

/// <summary>How the relaying of a message's content has ended.</summary>
internal enum BodyEnd
{
    /// <summary>All of it is passed on.</summary>
    Complete,

    /// <summary>It broke off where it came from.</summary>
    SourceFailed,

    /// <summary>It could not be passed on.</summary>
    SinkFailed,

    /// <summary>It is not framed as it has to be.</summary>
    Malformed,
}
