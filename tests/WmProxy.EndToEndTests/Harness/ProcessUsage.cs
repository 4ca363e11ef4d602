using System;
using System.Globalization;
using System.IO;
using System.Linq;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>What a process uses, from Linux' <c>/proc</c>.</summary>
internal static class ProcessUsage
{
    /// <summary>
    /// The memory in bytes that it has written to and has for itself. Not what it maps from files: its share of that (PSS) changes by megabytes when another
    /// process that maps the same ones begins or ends.
    /// </summary>
    public static long Memory(int processId) => 1024 * long.Parse(
        File.ReadLines($"/proc/{processId}/smaps_rollup").Single(line => line.StartsWith("Private_Dirty:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);

    /// <summary>How many sockets, pipes and epolls it has open. Not files: .NET opens assemblies as it comes to need them.</summary>
    public static int Descriptors(int processId) =>
        new DirectoryInfo($"/proc/{processId}/fd").GetFiles().Count(descriptor => descriptor.LinkTarget is { } target && !target.StartsWith('/'));

    /// <summary>How many descriptors it may have (ulimit -n).</summary>
    public static long DescriptorLimit(int processId) => long.TryParse(
        File.ReadLines($"/proc/{processId}/limits").Single(line => line.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[3],
        CultureInfo.InvariantCulture,
        out var limit)
        ? limit
        : long.MaxValue;

    /// <summary>The CPU time it has used so far.</summary>
    public static TimeSpan CpuTime(int processId)
    {
        using var process = System.Diagnostics.Process.GetProcessById(processId);
        return process.TotalProcessorTime;
    }

    /// <summary>How many sockets of this port are in TIME_WAIT.</summary>
    public static int TimeWaits(int localPort) => File.ReadLines("/proc/net/tcp").Skip(1)
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Count(fields => fields[3] == "06" && fields[1].EndsWith($":{localPort:X4}", StringComparison.Ordinal));
}
