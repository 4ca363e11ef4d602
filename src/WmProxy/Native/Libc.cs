using System;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace WmProxy.Native;

/// <summary>
/// The Linux calls that move bytes without .NET's socket layer in between. All are called on non-blocking descriptors, so none blocks.
/// Handles are passed as <see cref="SafeHandle"/>: a descriptor closed by another thread is never reused under a call (that would send one
/// client's bytes to another).
/// </summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class Libc
{
    public const int Eintr = 4;
    public const int Eagain = 11;

    private const int MsgDontWait = 0x40;
    private const int MsgNoSignal = 0x4000;
    private const uint SpliceMove = 1;
    private const uint SpliceNonBlock = 2;
    private const int PipeNonBlock = 0x800;
    private const int PipeCloseOnExec = 0x80000;
    private const int SetPipeSize = 1031;

    /// <summary>recv(2), at most <paramref name="buffer"/>'s length. Returns the count, 0 at the end, or the negated errno.</summary>
    public static int Receive(SafeHandle socket, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            while (true)
            {
                var result = recv(socket, pointer, buffer.Length, MsgDontWait);
                if (result >= 0)
                {
                    return (int)result;
                }

                var error = Marshal.GetLastPInvokeError();
                if (error != Eintr)
                {
                    return -error;
                }
            }
        }
    }

    /// <summary>send(2) without SIGPIPE. Returns how many bytes the kernel took, or the negated errno.</summary>
    public static int Send(SafeHandle socket, ReadOnlySpan<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            while (true)
            {
                var result = send(socket, pointer, buffer.Length, MsgDontWait | MsgNoSignal);
                if (result >= 0)
                {
                    return (int)result;
                }

                var error = Marshal.GetLastPInvokeError();
                if (error != Eintr)
                {
                    return -error;
                }
            }
        }
    }

    /// <summary>splice(2), from a socket into a pipe. Returns the count, 0 at the end, or the negated errno.</summary>
    public static int SpliceIn(SafeHandle socket, SafeHandle pipe, int count) => Splice(socket, pipe, count);

    /// <summary>splice(2), from a pipe into a socket. Returns the count, or the negated errno.</summary>
    public static int SpliceOut(SafeHandle pipe, SafeHandle socket, int count) => Splice(pipe, socket, count);

    /// <summary>read(2) from a pipe. Returns the count, or the negated errno.</summary>
    public static int Read(SafeHandle pipe, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            var result = read(pipe, pointer, buffer.Length);
            return result >= 0 ? (int)result : -Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>pipe2(2), non-blocking. Returns 0, or the negated errno (EMFILE, ENFILE).</summary>
    public static int Pipe(out int readEnd, out int writeEnd)
    {
        var ends = stackalloc int[2];
        if (pipe2(ends, PipeNonBlock | PipeCloseOnExec) != 0)
        {
            (readEnd, writeEnd) = (-1, -1);
            return -Marshal.GetLastPInvokeError();
        }

        (readEnd, writeEnd) = (ends[0], ends[1]);
        return 0;
    }

    /// <summary>fcntl(2) F_SETPIPE_SZ. Its failure (a limit for unprivileged users, pipe(7)) only makes the pipe smaller.</summary>
    public static void TrySetPipeSize(SafeHandle pipe, int size) => fcntl(pipe, SetPipeSize, size);

    private static int Splice(SafeHandle from, SafeHandle to, int count)
    {
        while (true)
        {
            var result = splice(from, null, to, null, count, SpliceMove | SpliceNonBlock);
            if (result >= 0)
            {
                return (int)result;
            }

            var error = Marshal.GetLastPInvokeError();
            if (error != Eintr)
            {
                return -error;
            }
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recv(SafeHandle socket, byte* buffer, nint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint send(SafeHandle socket, byte* buffer, nint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint splice(SafeHandle from, long* fromOffset, SafeHandle to, long* toOffset, nint length, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(SafeHandle descriptor, byte* buffer, nint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int pipe2(int* ends, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(SafeHandle descriptor, int command, nint argument);
}
