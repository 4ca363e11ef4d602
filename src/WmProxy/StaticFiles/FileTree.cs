using System;
using System.IO;
using Microsoft.Win32.SafeHandles;

namespace WmProxy.StaticFiles;

/// <summary>
/// The entries below one root, for one request. Symbolic links are followed as long as they end below the root; the root
/// itself may be a link, and is looked at anew each time so that a link can be switched to a new release.
/// </summary>
internal abstract class FileTree : IDisposable
{
    // Chosen once: whether /proc and statx(2) are there does not change while we run.
    private static readonly bool UseLinux = LinuxFileTree.IsSupported();

    /// <summary>Opens <paramref name="root"/>, or gives <see langword="null"/> when it is no folder now.</summary>
    public static FileTree? Open(string root) => UseLinux ? LinuxFileTree.TryOpen(root) : PortableFileTree.TryOpen(root);

    /// <summary>Looks at what <paramref name="relativePath"/> leads to. Nothing is opened for reading by this.</summary>
    public abstract FileLookup Find(string relativePath);

    /// <summary>Opens a found file for reading; <paramref name="handle"/> is set when the result is <see cref="FileLookupStatus.File"/>.</summary>
    public static FileLookupStatus OpenFile(FileLookup file, out SafeFileHandle? handle)
    {
        handle = null;
        try
        {
            handle = File.OpenHandle(file.OpenPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
            return FileLookupStatus.File;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return FileLookupStatus.NotFound;
        }
        catch (UnauthorizedAccessException)
        {
            return FileLookupStatus.Refused;
        }
        catch (IOException)
        {
            return FileLookupStatus.Unavailable;
        }
    }

    public abstract void Dispose();
}
