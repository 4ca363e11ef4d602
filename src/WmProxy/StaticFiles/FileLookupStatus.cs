namespace WmProxy.StaticFiles;

/// <summary>What a path below a root turned out to be.</summary>
internal enum FileLookupStatus
{
    /// <summary>Nothing is there.</summary>
    NotFound,

    /// <summary>Something is there that is not for the client: outside the root, not a regular file, or not readable.</summary>
    Refused,

    /// <summary>It cannot be told now: out of descriptors, an I/O error.</summary>
    Unavailable,

    Folder,

    File,
}
