using System;
using Microsoft.Win32.SafeHandles;

namespace WmProxy.StaticFiles;

/// <summary>What was found at a path, held so that what was judged is what is read.</summary>
/// <param name="Status">What it is.</param>
/// <param name="Handle">What holds it, where the system can hold an entry without opening it.</param>
/// <param name="OpenPath">The path that leads to exactly this entry while the lookup lives.</param>
/// <param name="Length">A file's length in bytes.</param>
/// <param name="LastModified">When the content changed last.</param>
internal sealed record FileLookup(FileLookupStatus Status, SafeFileHandle? Handle = null, string OpenPath = "", long Length = 0, DateTimeOffset LastModified = default)
    : IDisposable
{
    public static readonly FileLookup NotFound = new(FileLookupStatus.NotFound);
    public static readonly FileLookup Refused = new(FileLookupStatus.Refused);
    public static readonly FileLookup Unavailable = new(FileLookupStatus.Unavailable);

    public void Dispose() => Handle?.Dispose();
}
