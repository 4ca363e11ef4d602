using System;
using System.IO;

namespace WmProxy.Server.Configuration;

/// <summary>What tells, without reading it, that a path leads to another content than before.</summary>
internal readonly record struct FileSignature(string? Target, DateTime LastWriteTimeUtc, long Length)
{
    public static FileSignature Of(string path)
    {
        try
        {
            // A link's own time does not change with the file it leads to.
            var file = File.ResolveLinkTarget(path, returnFinalTarget: true) as FileInfo ?? new FileInfo(path);
            return file.Exists ? new FileSignature(file.FullName, file.LastWriteTimeUtc, file.Length) : default;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }
}
