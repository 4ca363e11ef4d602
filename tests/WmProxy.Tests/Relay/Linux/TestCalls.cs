using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using WmProxy.Native;

namespace WmProxy.Tests.Relay.Linux;

/// <summary>System calls that only tests need.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class TestCalls
{
    private const int CloneFiles = 0x400; // CLONE_FILES, clone(2)

    public static int Write(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* pointer = bytes)
        {
            return (int)write(descriptor, pointer, bytes.Length);
        }
    }

    public static int Read(int descriptor, Span<byte> bytes)
    {
        fixed (byte* pointer = bytes)
        {
            return (int)read(descriptor, pointer, bytes.Length);
        }
    }

    /// <summary>
    /// unshare(2): gives the calling thread descriptors of its own, without the sockets and pipes of the others, but with <paramref name="kept"/>. What is opened
    /// on this thread from now on, no other thread can close or take the place of; and its limit can be used up without harm to the rest of the process.
    /// Nothing else may run meanwhile, since for a moment everything is open twice.
    /// </summary>
    public static void HaveOwnDescriptors(params int[] kept)
    {
        Assert.SkipWhen(unshare(CloneFiles) != 0, "unshare(2) is not allowed here.");
        foreach (var descriptor in SocketsAndPipes())
        {
            if (descriptor > 2 && Array.IndexOf(kept, descriptor) < 0)
            {
                _ = LinuxSocket.Close(descriptor);
            }
        }
    }

    /// <summary>How many sockets and pipes the calling thread has. What the runtime opens now and then is neither.</summary>
    public static int CountSocketsAndPipes() => SocketsAndPipes().Count;

    /// <summary>Opens descriptors until there are no more than <paramref name="left"/> to be had. For a thread with descriptors of its own.</summary>
    public static List<int> UseUpDescriptors(int left = 0)
    {
        var taken = new List<int>();
        int descriptor;
        while ((descriptor = dup(0)) >= 0)
        {
            taken.Add(descriptor);
        }

        for (; left > 0; left--)
        {
            _ = LinuxSocket.Close(taken[^1]);
            taken.RemoveAt(taken.Count - 1);
        }

        return taken;
    }

    private static List<int> SocketsAndPipes()
    {
        var all = new List<int>();
        foreach (var path in Directory.GetFileSystemEntries("/proc/thread-self/fd"))
        {
            if (new FileInfo(path).LinkTarget is { } target
                && (target.StartsWith("socket:", StringComparison.Ordinal) || target.StartsWith("pipe:", StringComparison.Ordinal)))
            {
                all.Add(int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture));
            }
        }

        return all;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int descriptor, byte* bytes, nint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(int descriptor, byte* bytes, nint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unshare(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int dup(int descriptor);
}
