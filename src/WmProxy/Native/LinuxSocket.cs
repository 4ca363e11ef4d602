using System;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace WmProxy.Native;

/// <summary>
/// Calls on the descriptors that an event loop owns. They are plain numbers: the loop's thread alone uses and closes them, so none can be reused under a
/// call. All are non-blocking. Every call returns a count, a descriptor or 0, or the negated errno; EINTR is tried again.
/// </summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class LinuxSocket
{
    public const int Epipe = 32;
    public const int Ealready = 114;
    public const int Einprogress = 115;
    public const int Econnreset = 104;
    public const int Emfile = 24;
    public const int Econnaborted = 103;
    public const int Econnrefused = 111;

    public const int Datagram = 2; // SOCK_DGRAM

    public const int SocketLevel = 1; // SOL_SOCKET
    public const int TcpLevel = 6; // IPPROTO_TCP
    public const int NoDelayOption = 1; // TCP_NODELAY
    public const int ErrorOption = 4; // SO_ERROR
    public const int UrgentInlineOption = 10; // SO_OOBINLINE
    public const int LingerOption = 13; // SO_LINGER
    public const int ReceiveBufferOption = 8; // SO_RCVBUF

    private const int MsgPeek = 2;
    private const int MsgDontWait = 0x40;
    private const int MsgNoSignal = 0x4000;
    private const int MsgMore = 0x8000;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int ShutWrite = 1;
    private const uint SpliceMove = 1;
    private const uint SpliceNonBlock = 2;

    /// <summary>socket(2), non-blocking: <paramref name="family"/> is AF_UNIX (1), AF_INET (2) or AF_INET6 (10), <paramref name="type"/> SOCK_STREAM (1) or SOCK_DGRAM (2).</summary>
    public static int Open(int family, int type) => Result(socket(family, type | NonBlocking | CloseOnExec, 0));

    /// <summary>accept4(2), non-blocking; the peer's address goes to <paramref name="address"/>, whose length is given back.</summary>
    public static int Accept(SafeHandle listener, Span<byte> address, out int addressLength)
    {
        fixed (byte* pointer = address)
        {
            while (true)
            {
                var length = (uint)address.Length;
                var result = Result(accept4(listener, pointer, &length, NonBlocking | CloseOnExec));
                addressLength = (int)Math.Min(length, (uint)address.Length);
                if (result != -Libc.Eintr)
                {
                    return result;
                }
            }
        }
    }

    /// <summary>
    /// connect(2). -EINPROGRESS: the socket becomes writable, or reports an error, when it is decided; calling again tells whether it is: -EALREADY as long as
    /// it is not.
    /// </summary>
    public static int Connect(int socket, ReadOnlySpan<byte> address)
    {
        fixed (byte* pointer = address)
        {
            // EINTR goes on in the background, as EINPROGRESS does.
            var result = Result(connect(socket, pointer, (uint)address.Length));
            return result == -Libc.Eintr ? -Einprogress : result;
        }
    }

    /// <summary>recv(2). 0 is the end of the peer's direction.</summary>
    public static int Receive(int socket, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            while (true)
            {
                var result = Result(recv(socket, pointer, buffer.Length, MsgDontWait));
                if (result != -Libc.Eintr)
                {
                    return result;
                }
            }
        }
    }

    /// <summary>recv(2) with MSG_PEEK of one byte: 1 when there is something, 0 at the end of the peer's direction.</summary>
    public static int Peek(int socket)
    {
        byte one;
        while (true)
        {
            var result = Result(recv(socket, &one, 1, MsgDontWait | MsgPeek));
            if (result != -Libc.Eintr)
            {
                return result;
            }
        }
    }

    /// <summary>send(2) without SIGPIPE. Returns how many bytes the kernel took; it may keep them for a moment if there is <paramref name="isMoreToCome"/>.</summary>
    public static int Send(int socket, ReadOnlySpan<byte> buffer, bool isMoreToCome = false)
    {
        var flags = MsgDontWait | MsgNoSignal | (isMoreToCome ? MsgMore : 0);
        fixed (byte* pointer = buffer)
        {
            while (true)
            {
                var result = Result(send(socket, pointer, buffer.Length, flags));
                if (result != -Libc.Eintr)
                {
                    return result;
                }
            }
        }
    }

    /// <summary>splice(2) from a socket into a pipe. 0 is the end of the peer's direction.</summary>
    public static int SpliceIn(int socket, SafeHandle pipe, int count)
    {
        while (true)
        {
            var result = Result(splice(socket, null, pipe, null, count, SpliceMove | SpliceNonBlock));
            if (result != -Libc.Eintr)
            {
                return result;
            }
        }
    }

    /// <summary>splice(2) from a pipe into a socket.</summary>
    public static int SpliceOut(SafeHandle pipe, int socket, int count)
    {
        while (true)
        {
            var result = Result(splice(pipe, null, socket, null, count, SpliceMove | SpliceNonBlock));
            if (result != -Libc.Eintr)
            {
                return result;
            }
        }
    }

    /// <summary>shutdown(2), SHUT_WR: a FIN behind everything written.</summary>
    public static int ShutdownSend(int socket) => Result(shutdown(socket, ShutWrite));

    /// <summary>close(2). Never tried again: Linux has let go of the descriptor whatever it returns.</summary>
    public static int Close(int descriptor) => Result(close(descriptor));

    /// <summary>setsockopt(2) of an int.</summary>
    public static int SetOption(int socket, int level, int option, int value) => Result(setsockopt(socket, level, option, &value, sizeof(int)));

    /// <summary>SO_LINGER with a time of 0: close(2) sends a RST and drops what was not sent.</summary>
    public static int SetResetOnClose(int socket)
    {
        var linger = stackalloc int[2] { 1, 0 };
        return Result(setsockopt(socket, SocketLevel, LingerOption, linger, 2 * sizeof(int)));
    }

    /// <summary>SO_ERROR: takes the pending error off the socket. Returns it negated, 0 for none.</summary>
    public static int TakeError(int socket)
    {
        int error;
        uint length = sizeof(int);
        return getsockopt(socket, SocketLevel, ErrorOption, &error, &length) != 0 ? -Marshal.GetLastPInvokeError() : -error;
    }

    /// <summary>getsockopt(2) into <paramref name="value"/>; returns how many bytes there are.</summary>
    public static int GetOption(int socket, int level, int option, Span<byte> value)
    {
        fixed (byte* pointer = value)
        {
            var length = (uint)value.Length;
            return getsockopt(socket, level, option, pointer, &length) != 0 ? -Marshal.GetLastPInvokeError() : (int)length;
        }
    }

    /// <summary>getsockname(2); returns the address's length.</summary>
    public static int GetLocalAddress(int socket, Span<byte> address)
    {
        fixed (byte* pointer = address)
        {
            var length = (uint)address.Length;
            return getsockname(socket, pointer, &length) != 0 ? -Marshal.GetLastPInvokeError() : (int)Math.Min(length, (uint)address.Length);
        }
    }

    /// <summary>
    /// Whether the errno of a UDP socket says that its peer cannot be reached: no route, or an answer of ICMP that is more than a hiccup (port, protocol or
    /// host unreachable, prohibited; icmp_err_convert and icmpv6_err_convert of Linux).
    /// </summary>
    public static bool IsUnreachable(int errno) => errno switch
    {
        Econnrefused => true,
        13 => true, // EACCES: prohibited by an IPv6 router
        64 => true, // ENONET
        92 => true, // ENOPROTOOPT
        100 or 101 => true, // ENETDOWN, ENETUNREACH
        112 or 113 => true, // EHOSTDOWN, EHOSTUNREACH
        _ => false,
    };

    private static int Result(nint result) => result >= 0 ? (int)result : -Marshal.GetLastPInvokeError();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int accept4(SafeHandle listener, byte* address, uint* length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(int socket, byte* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recv(int socket, byte* buffer, nint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint send(int socket, byte* buffer, nint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint splice(int from, long* fromOffset, SafeHandle to, long* toOffset, nint length, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint splice(SafeHandle from, long* fromOffset, int to, long* toOffset, nint length, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int shutdown(int socket, int how);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(int socket, int level, int option, void* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockopt(int socket, int level, int option, void* value, uint* length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockname(int socket, void* address, uint* length);
}
