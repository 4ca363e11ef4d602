using System;
using System.Collections.Concurrent;
using System.Runtime.Versioning;
using System.Threading;
using Microsoft.Win32.SafeHandles;
using WmProxy.Native;

namespace WmProxy.Relay;

/// <summary>
/// A kernel pipe through which splice(2) moves bytes from socket to socket without copying them here. Pooled: a pipe for each direction of
/// each connection would use up the descriptors, and making one costs more than a small transfer.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class SplicePipe : IDisposable
{
    public const int Capacity = 1 << 20;
    private const int MaxPooled = 64;

    private static readonly ConcurrentBag<SplicePipe> Pool = [];
    private static int _pooled;

    private SplicePipe(int readEnd, int writeEnd)
    {
        ReadEnd = new SafeFileHandle(readEnd, ownsHandle: true);
        WriteEnd = new SafeFileHandle(writeEnd, ownsHandle: true);
    }

    public SafeFileHandle ReadEnd { get; }

    public SafeFileHandle WriteEnd { get; }

    /// <summary>How many bytes are in the pipe; kept by its user.</summary>
    public int Pending { get; set; }

    /// <summary>A pipe from the pool or a new one; <see langword="null"/> when there are no descriptors left for one.</summary>
    public static SplicePipe? TryRent()
    {
        if (Pool.TryTake(out var pooled))
        {
            Interlocked.Decrement(ref _pooled);
            return pooled;
        }

        return TryCreate();
    }

    /// <summary>A new pipe; <see langword="null"/> when there are no descriptors left for one.</summary>
    public static SplicePipe? TryCreate()
    {
        if (Libc.Pipe(out var readEnd, out var writeEnd) < 0)
        {
            return null;
        }

        var pipe = new SplicePipe(readEnd, writeEnd);
        Libc.TrySetPipeSize(pipe.WriteEnd, Capacity);
        return pipe;
    }

    /// <summary>Gives the pipe back to the pool; one with bytes in it, or one too many, is closed.</summary>
    public void Return()
    {
        if (Pending == 0)
        {
            if (Interlocked.Increment(ref _pooled) <= MaxPooled)
            {
                Pool.Add(this);
                return;
            }

            Interlocked.Decrement(ref _pooled);
        }

        Dispose();
    }

    public void Dispose()
    {
        ReadEnd.Dispose();
        WriteEnd.Dispose();
    }
}
