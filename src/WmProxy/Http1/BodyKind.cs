namespace WmProxy.Http1;

/// <summary>How the end of a message's content is known (RFC 9112 section 6.3).</summary>
internal enum BodyKind
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>By its length.</summary>
    Length,

    /// <summary>By its chunks.</summary>
    Chunked,

    /// <summary>By the end of the connection.</summary>
    UntilEnd,
}
