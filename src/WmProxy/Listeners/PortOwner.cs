using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using WmProxy.Connections;

namespace WmProxy.Listeners;

/// <summary>Finds out which process listens on a TCP or UDP port, to name it in an error. Linux only; elsewhere nobody is found.</summary>
internal static class PortOwner
{
    // TCP_LISTEN and TCP_CLOSE of net/tcp_states.h; the second is what a UDP socket without a peer is in.
    private const string ListenState = "0A";
    private const string UnconnectedState = "07";

    /// <summary>
    /// The process whose listening socket covers <paramref name="endPoint"/>, as <c>nginx (pid 123)</c>; <see langword="null"/> when there is none, or when
    /// it belongs to somebody whose descriptors this process may not see.
    /// </summary>
    public static string? Find(IPEndPoint endPoint, bool isUdp = false)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var inodes = new HashSet<string>(StringComparer.Ordinal);
        var (table, state) = isUdp ? ("/proc/net/udp", UnconnectedState) : ("/proc/net/tcp", ListenState);
        AddListeners(table, state, endPoint, inodes);
        AddListeners($"{table}6", state, endPoint, inodes);
        return inodes.Count == 0 ? null : FindProcess(inodes);
    }

    private static void AddListeners(string table, string state, IPEndPoint endPoint, HashSet<string> inodes)
    {
        try
        {
            foreach (var line in File.ReadLines(table))
            {
                // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
                var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (fields.Length > 9 && fields[3] == state && TryParse(fields[1], out var local) && Covers(local, endPoint))
                {
                    inodes.Add(fields[9]);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // No IPv6, or no /proc: then nobody can be named.
        }
    }

    /// <summary>Parses <c>0100007F:1F90</c>: 32-bit words in the machine's byte order, then the port.</summary>
    internal static bool TryParse(string text, out IPEndPoint endPoint)
    {
        endPoint = new IPEndPoint(IPAddress.Any, 0);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon is not (8 or 32) || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var port))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[colon / 2];
        for (var word = 0; word < bytes.Length; word += 4)
        {
            if (!uint.TryParse(text.AsSpan(word * 2, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                return false;
            }

            MemoryMarshal.Write(bytes[word..], in value);
        }

        endPoint = new IPEndPoint(new IPAddress(bytes), port);
        return true;
    }

    private static bool Covers(IPEndPoint listener, IPEndPoint wanted)
    {
        if (listener.Port != wanted.Port)
        {
            return false;
        }

        var held = listener.Address.Unmap();
        var asked = wanted.Address.Unmap();
        return held.Equals(asked)
            || held.Equals(IPAddress.IPv6Any)
            || asked.Equals(IPAddress.IPv6Any)
            || ((held.Equals(IPAddress.Any) || asked.Equals(IPAddress.Any)) && held.AddressFamily == AddressFamily.InterNetwork && asked.AddressFamily == AddressFamily.InterNetwork);
    }

    private static string? FindProcess(HashSet<string> inodes)
    {
        foreach (var directory in EnumerateProcesses())
        {
            try
            {
                foreach (var descriptor in Directory.EnumerateFileSystemEntries(Path.Combine(directory, "fd")))
                {
                    // "socket:[12345]"
                    var target = new FileInfo(descriptor).LinkTarget;
                    if (target is not null && target.StartsWith("socket:[", StringComparison.Ordinal) && inodes.Contains(target[8..^1]))
                    {
                        return Describe(directory);
                    }
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Ended meanwhile, or another user's.
            }
        }

        return null;
    }

    private static IEnumerable<string> EnumerateProcesses()
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (char.IsAsciiDigit(Path.GetFileName(directory)[0]))
            {
                yield return directory;
            }
        }
    }

    private static string Describe(string directory)
    {
        var pid = Path.GetFileName(directory);
        var name = File.ReadAllText(Path.Combine(directory, "comm")).Trim();
        return pid == Environment.ProcessId.ToString(CultureInfo.InvariantCulture) ? $"this process (pid {pid})" : $"{name} (pid {pid})";
    }
}
