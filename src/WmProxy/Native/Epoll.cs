using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace WmProxy.Native;

/// <summary>epoll(7) and eventfd(2). Every call returns the count, 0, or the negated errno.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class Epoll
{
    public const uint In = 0x001;
    public const uint Priority = 0x002; // EPOLLPRI
    public const uint Out = 0x004;
    public const uint Error = 0x008;
    public const uint HangUp = 0x010;
    public const uint PeerHangUp = 0x2000; // EPOLLRDHUP
    public const uint Exclusive = 1u << 28; // EPOLLEXCLUSIVE
    public const uint EdgeTriggered = 1u << 31; // EPOLLET

    /// <summary>The largest <see cref="EventSize"/> of all architectures.</summary>
    public const int MaxEventSize = 16;

    // struct epoll_event is packed on x86-64, and there alone; 32-bit x86 aligns 64-bit members to 4 bytes anyway.
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86 ? 4 : 8;

    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int Add = 1;
    private const int Delete = 2;
    private const int Modify = 3;

    /// <summary>The size of struct epoll_event, in bytes.</summary>
    public static int EventSize => DataOffset + sizeof(ulong);

    /// <summary>epoll_create1(2).</summary>
    public static int Create() => Result(epoll_create1(CloseOnExec));

    /// <summary>eventfd(2), non-blocking.</summary>
    public static int CreateEvent() => Result(eventfd(0, CloseOnExec | NonBlocking));

    /// <summary>write(2) of 1 to an eventfd, which makes it readable.</summary>
    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    public static void Signal(SafeHandle eventDescriptor)
    {
        // Fails only when the counter is at its maximum: then it is readable anyway.
        ulong one = 1;
        _ = write(eventDescriptor, &one, sizeof(ulong));
    }

    /// <summary>read(2) of an eventfd, which takes it back to 0.</summary>
    public static void Reset(SafeHandle eventDescriptor)
    {
        // Fails only when it is 0 already.
        ulong count;
        _ = read(eventDescriptor, &count, sizeof(ulong));
    }

    /// <summary>epoll_ctl(2), EPOLL_CTL_ADD: <paramref name="data"/> comes back with each event.</summary>
    public static int TryAdd(int epoll, int descriptor, uint events, ulong data) => Control(epoll, Add, descriptor, events, data);

    /// <summary>epoll_ctl(2), EPOLL_CTL_MOD.</summary>
    public static int TryModify(int epoll, int descriptor, uint events, ulong data) => Control(epoll, Modify, descriptor, events, data);

    /// <summary>epoll_ctl(2), EPOLL_CTL_DEL. Closing a descriptor does the same.</summary>
    public static int TryRemove(int epoll, int descriptor) => Control(epoll, Delete, descriptor, 0, 0);

    /// <summary>
    /// epoll_wait(2), in milliseconds; -1 waits for ever. EINTR is no event. <paramref name="events"/> has room for <paramref name="count"/> times
    /// <see cref="EventSize"/> bytes and is read with <see cref="Read"/>.
    /// </summary>
    public static int Wait(int epoll, byte* events, int count, int timeout)
    {
        var result = Result(epoll_wait(epoll, events, count, timeout));
        return result == -Libc.Eintr ? 0 : result;
    }

    /// <summary>The event at <paramref name="index"/> of what <see cref="Wait"/> filled.</summary>
    public static (uint Events, ulong Data) Read(byte* events, int index)
    {
        var item = events + (index * EventSize);
        return (Unsafe.ReadUnaligned<uint>(item), Unsafe.ReadUnaligned<ulong>(item + DataOffset));
    }

    private static int Control(int epoll, int operation, int descriptor, uint events, ulong data)
    {
        var value = stackalloc byte[MaxEventSize];
        Unsafe.WriteUnaligned(value, events);
        Unsafe.WriteUnaligned(value + DataOffset, data);
        return Result(epoll_ctl(epoll, operation, descriptor, value));
    }

    private static int Result(int result) => result >= 0 ? result : -Marshal.GetLastPInvokeError();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int operation, int descriptor, void* value);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(int epoll, void* events, int count, int timeout);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(SafeHandle descriptor, void* buffer, nint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(SafeHandle descriptor, void* buffer, nint count);
}
