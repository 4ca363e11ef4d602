using System;
using System.Net.Sockets;
using System.Threading;
using WmProxy.Native;

namespace WmProxy.Listeners;

/// <summary>
/// The last of the process's descriptors, which nothing that clients cause to be opened may take: the runtime needs some for every thread that it starts
/// and every assembly that it loads, and ends the process when it gets none. The system gives out the lowest free number, so the number of a socket tells how many are taken.
/// </summary>
internal static class DescriptorReserve
{
    private const int MaxAgeMilliseconds = 1000;

    private static long _threshold;
    private static long _readAt;
    private static long _highest = -1;

    /// <summary>Whether a socket that has just been opened is one of the last.</summary>
    public static bool IsTouchedBy(Socket socket) => IsTouchedBy((int)socket.Handle);

    /// <summary>Fails for a socket that has just been opened and is one of the last, as the system would if there were none; closing it is the caller's.</summary>
    /// <exception cref="SocketException">It is (<see cref="SocketError.TooManyOpenSockets"/>).</exception>
    public static void ThrowIfTouchedBy(Socket socket)
    {
        if (IsTouchedBy(socket))
        {
            throw new SocketException((int)SocketError.TooManyOpenSockets);
        }
    }

    /// <inheritdoc cref="IsTouchedBy(Socket)"/>
    public static bool IsTouchedBy(int descriptor)
    {
        // The limit may be changed from outside while the process runs (prlimit). Asked for when a number is higher than those before, so that a rush is
        // judged by the limit of its time, and at least once a second; not for every connection of a busy listener, whose numbers are used again and again.
        var now = Environment.TickCount64;
        var isOld = now - Volatile.Read(ref _readAt) >= MaxAgeMilliseconds;
        if (isOld || descriptor > Volatile.Read(ref _highest))
        {
            Volatile.Write(ref _threshold, ReadThreshold());
            Volatile.Write(ref _highest, descriptor);
            Volatile.Write(ref _readAt, now);
        }

        return descriptor >= Volatile.Read(ref _threshold);
    }

    /// <summary>Whether the next socket would be one of the last.</summary>
    public static bool IsTouched()
    {
        try
        {
            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            return IsTouchedBy(probe);
        }
        catch (SocketException)
        {
            return true;
        }
    }

    /// <summary>How many of <paramref name="limit"/> descriptors are kept back.</summary>
    internal static long SizeFor(long limit) => Math.Clamp(limit / 16, 16, 1024);

    private static long ReadThreshold() =>
        DescriptorLimit.TryGet(out var limit, out _) && limit <= int.MaxValue ? (long)limit - SizeFor((long)limit) : long.MaxValue;
}
