namespace WmProxy.Http1;

/// <summary>What <see cref="ChunkedDecoder.Read"/> has found.</summary>
internal enum ChunkStatus
{
    /// <summary>All that was given is consumed.</summary>
    NeedMore,

    /// <summary>A run of data, or what there is of one.</summary>
    Data,

    /// <summary>The last chunk; the trailer section follows.</summary>
    Last,

    /// <summary>It is not chunked content.</summary>
    Malformed,
}
