using System;
using System.Runtime.InteropServices;

namespace WmProxy.Native;

/// <summary>How many descriptors the process may have: RLIMIT_NOFILE of getrlimit(2) and setrlimit(2), on Linux and macOS.</summary>
internal static partial class DescriptorLimit
{
    private const int NoFileOnLinux = 7;
    private const int NoFileOnMacOS = 8;

    /// <summary>The limit and how far this user may raise it; <see langword="false"/> where there is none to ask for.</summary>
    public static bool TryGet(out ulong soft, out ulong hard)
    {
        (soft, hard) = (0, 0);
        if ((!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS()) || GetLimit(Resource, out var limit) != 0)
        {
            return false;
        }

        (soft, hard) = (limit.Soft, limit.Hard);
        return true;
    }

    /// <summary>Changes the limit; <see langword="false"/> where that is not allowed.</summary>
    public static bool TrySet(ulong soft, ulong hard) => SetLimit(Resource, new Limits((nuint)soft, (nuint)hard)) == 0;

    private static int Resource => OperatingSystem.IsLinux() ? NoFileOnLinux : NoFileOnMacOS;

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out Limits limits);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, in Limits limits);

    /// <summary>struct rlimit.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private record struct Limits(nuint Soft, nuint Hard);
}
