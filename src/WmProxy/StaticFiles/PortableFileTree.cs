using System;
using System.IO;

namespace WmProxy.StaticFiles;

/// <summary>
/// For systems other than Linux: resolves every link of the path itself, judges the result, and opens that. Who can write
/// below the root can win the race between the two; elsewhere than on Linux the system offers no handle to hold.
/// </summary>
internal sealed class PortableFileTree : FileTree
{
    // As Linux has it (path_resolution(7)).
    private const int MaxLinks = 40;

    private static readonly StringComparison Comparison =
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;

    private readonly string _root;

    private PortableFileTree(string root) => _root = root;

    public static PortableFileTree? TryOpen(string root)
    {
        try
        {
            return Resolve(Path.GetFullPath(root)) is { } path && Directory.Exists(path) ? new PortableFileTree(path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public override FileLookup Find(string relativePath)
    {
        try
        {
            return Resolve(Path.Join(_root, relativePath)) is { } path ? Judge(path) : FileLookup.NotFound;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or PathTooLongException)
        {
            return FileLookup.NotFound;
        }
        catch (UnauthorizedAccessException)
        {
            return FileLookup.Refused;
        }
        catch (IOException)
        {
            return FileLookup.Unavailable;
        }
    }

    public override void Dispose()
    {
    }

    private FileLookup Judge(string path)
    {
        var isBelow = path.StartsWith(_root, Comparison)
            && (path.Length == _root.Length || Path.EndsInDirectorySeparator(_root) || path[_root.Length] == Path.DirectorySeparatorChar);
        if (!isBelow)
        {
            return FileLookup.Refused;
        }

        if (Directory.Exists(path))
        {
            return new FileLookup(FileLookupStatus.Folder, OpenPath: path, LastModified: Directory.GetLastWriteTimeUtc(path));
        }

        var file = new FileInfo(path);
        return !file.Exists ? FileLookup.NotFound
            : (file.Attributes & (FileAttributes.Device | FileAttributes.ReparsePoint)) != 0 ? FileLookup.Refused
            : new FileLookup(FileLookupStatus.File, OpenPath: path, Length: file.Length, LastModified: file.LastWriteTimeUtc);
    }

    // realpath(3): the path with every link in it replaced by what it leads to; null when links lead in circles.
    private static string? Resolve(string path)
    {
        var resolved = Path.GetPathRoot(path)!;
        var rest = Split(path[resolved.Length..]);
        for (var links = 0; rest.Length > 0;)
        {
            var next = Path.Join(resolved, rest[0]);
            rest = rest[1..];
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                resolved = next;
                continue;
            }

            if (++links > MaxLinks)
            {
                return null;
            }

            // GetFullPath takes ".." away by text, which the system may read otherwise behind a link. That is no hole: the path
            // that is judged is the one that is opened.
            var full = Path.GetFullPath(target, resolved);
            resolved = Path.GetPathRoot(full)!;
            rest = [.. Split(full[resolved.Length..]), .. rest];
        }

        return resolved;
    }

    private static string[] Split(string path)
    {
        return path.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries);
    }
}
