using System.Runtime.InteropServices;

namespace WmProxy.Native;

/// <summary>The Linux calls that .NET has no counterpart for: looking at an entry without opening it.</summary>
internal static partial class LinuxFileCalls
{
    public const int CurrentDirectory = -100; // AT_FDCWD
    public const int EmptyPath = 0x1000; // AT_EMPTY_PATH
    public const int PathOnly = 0x200000; // O_PATH: no device is touched, no FIFO waited for
    public const int CloseOnExec = 0x80000; // O_CLOEXEC
    public const uint BasicStats = 0x7ff; // STATX_BASIC_STATS

    public const int TypeMask = 0xF000; // S_IFMT
    public const int TypeFolder = 0x4000; // S_IFDIR
    public const int TypeFile = 0x8000; // S_IFREG

    public const int NoPermission = 1; // EPERM
    public const int NoEntry = 2; // ENOENT
    public const int AccessDenied = 13; // EACCES
    public const int NotFolder = 20; // ENOTDIR
    public const int InvalidArgument = 22; // EINVAL
    public const int NameTooLong = 36; // ENAMETOOLONG
    public const int TooManyLinks = 40; // ELOOP

    /// <summary>openat(2) without creating anything. Returns the descriptor or -1; the last P/Invoke error is the errno.</summary>
    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int OpenAt(int folder, string path, int flags);

    /// <summary>statx(2). Returns 0 or -1; the last P/Invoke error is the errno.</summary>
    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static unsafe partial int StatX(int folder, string path, int flags, uint mask, StatXResult* result);

    /// <summary>readlink(2). Returns the length or -1; the last P/Invoke error is the errno.</summary>
    [LibraryImport("libc", EntryPoint = "readlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static unsafe partial nint ReadLink(string path, byte* buffer, nuint size);

    /// <summary>struct statx, whose layout is the same on every architecture (unlike struct stat's).</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct StatXResult
    {
        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(40)]
        public ulong Size;

        [FieldOffset(112)]
        public long ModifiedSeconds;

        [FieldOffset(120)]
        public uint ModifiedNanoseconds;
    }
}
