using System;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using WmProxy.Native;

namespace WmProxy.StaticFiles;

/// <summary>
/// Holds each entry by an <c>O_PATH</c> descriptor, judges that (its type, and where it really is by <c>/proc/self/fd</c>),
/// and reads through the same descriptor. Between the judgement and the reading there is no path left to swap.
/// </summary>
internal sealed class LinuxFileTree : FileTree
{
    private const int MaxPath = 4096;
    private const int Flags = LinuxFileCalls.PathOnly | LinuxFileCalls.CloseOnExec;

    private readonly SafeFileHandle _root;
    private readonly byte[] _rootPath;

    private LinuxFileTree(SafeFileHandle root, byte[] rootPath)
    {
        _root = root;
        _rootPath = rootPath;
    }

    public static bool IsSupported()
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        try
        {
            using var tree = TryOpen("/");
            using var folder = tree?.Find("");
            return folder?.Status == FileLookupStatus.Folder;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    public static LinuxFileTree? TryOpen(string root)
    {
        var descriptor = LinuxFileCalls.OpenAt(LinuxFileCalls.CurrentDirectory, root, Flags);
        if (descriptor < 0)
        {
            return null;
        }

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        Span<byte> buffer = stackalloc byte[MaxPath];
        var path = ReadRealPath(handle, buffer);
        if (path.IsEmpty)
        {
            handle.Dispose();
            return null;
        }

        return new LinuxFileTree(handle, path.ToArray());
    }

    public override FileLookup Find(string relativePath)
    {
        var descriptor = LinuxFileCalls.OpenAt(Descriptor(_root), relativePath.Length == 0 ? "." : relativePath, Flags);
        if (descriptor < 0)
        {
            return Marshal.GetLastPInvokeError() switch
            {
                LinuxFileCalls.NoEntry or LinuxFileCalls.NotFolder or LinuxFileCalls.NameTooLong or LinuxFileCalls.InvalidArgument => FileLookup.NotFound,
                LinuxFileCalls.AccessDenied or LinuxFileCalls.NoPermission or LinuxFileCalls.TooManyLinks => FileLookup.Refused,
                _ => FileLookup.Unavailable,
            };
        }

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        var found = Judge(handle);
        if (found.Handle is null)
        {
            handle.Dispose();
        }

        return found;
    }

    public override void Dispose() => _root.Dispose();

    private unsafe FileLookup Judge(SafeFileHandle handle)
    {
        Span<byte> buffer = stackalloc byte[MaxPath];
        if (!IsBelowRoot(ReadRealPath(handle, buffer)))
        {
            return FileLookup.Refused;
        }

        LinuxFileCalls.StatXResult stat;
        if (LinuxFileCalls.StatX(Descriptor(handle), "", LinuxFileCalls.EmptyPath, LinuxFileCalls.BasicStats, &stat) < 0)
        {
            return FileLookup.Unavailable;
        }

        var type = stat.Mode & LinuxFileCalls.TypeMask;
        if (type is not (LinuxFileCalls.TypeFile or LinuxFileCalls.TypeFolder))
        {
            return FileLookup.Refused;
        }

        // A file system may hold a time that no DateTimeOffset can.
        var seconds = Math.Clamp(stat.ModifiedSeconds, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        var modified = DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(stat.ModifiedNanoseconds / 100);
        return new FileLookup(
            type == LinuxFileCalls.TypeFile ? FileLookupStatus.File : FileLookupStatus.Folder,
            handle, DescriptorPath(handle), (long)stat.Size, modified);
    }

    // Bytes, not text: two names that are no UTF-8 can look the same as text.
    private bool IsBelowRoot(ReadOnlySpan<byte> path)
    {
        return path.StartsWith(_rootPath)
            && (path.Length == _rootPath.Length || _rootPath.Length == 1 || path[_rootPath.Length] == (byte)'/');
    }

    private static unsafe ReadOnlySpan<byte> ReadRealPath(SafeFileHandle handle, Span<byte> buffer)
    {
        nint length;
        fixed (byte* start = buffer)
        {
            length = LinuxFileCalls.ReadLink(DescriptorPath(handle), start, (nuint)buffer.Length);
        }

        // A full buffer may be a cut path.
        return length > 0 && length < buffer.Length ? buffer[..(int)length] : default;
    }

    private static string DescriptorPath(SafeFileHandle handle) => $"/proc/self/fd/{Descriptor(handle)}";

    // The handle is ours alone and lives for the whole call.
    private static int Descriptor(SafeFileHandle handle) => (int)handle.DangerousGetHandle();
}
