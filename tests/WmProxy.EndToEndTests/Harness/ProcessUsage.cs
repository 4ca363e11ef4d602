using System;
using System.Globalization;
using System.IO;
using System.Linq;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>What a process uses, from Linux' <c>/proc</c>.</summary>
internal static class ProcessUsage
{
    /// <summary>Its share of memory in bytes: pages that it shares count in part (PSS).</summary>
    public static long Memory(int processId) => 1024 * long.Parse(
        File.ReadLines($"/proc/{processId}/smaps_rollup").Single(line => line.StartsWith("Pss:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);

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
