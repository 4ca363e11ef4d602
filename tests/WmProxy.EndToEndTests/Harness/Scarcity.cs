using System;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>A program that has too little of something.</summary>
internal static class Scarcity
{
    /// <summary>Allows it so many open descriptors (prlimit(1)).</summary>
    public static async Task LimitDescriptorsAsync(WmProxyProcess proxy, int count)
    {
        var limited = await ExternalTool.Require("prlimit", "util-linux")
            .RunAsync([string.Create(CultureInfo.InvariantCulture, $"--nofile={count}:{count}"), "--pid", proxy.Process.Id.ToString(CultureInfo.InvariantCulture)]);
        Assert.True(limited.ExitCode == 0, limited.ToString());
    }

    /// <summary>It waits for better times without using up those that there are.</summary>
    public static async Task AssertRestsAsync(WmProxyProcess proxy)
    {
        var before = ProcessUsage.CpuTime(proxy.Process.Id);
        using (var window = new PeriodicTimer(TimeSpan.FromSeconds(2)))
        {
            // A loop that spins shows only over time.
            await window.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }

        var used = ProcessUsage.CpuTime(proxy.Process.Id) - before;
        Assert.True(used < TimeSpan.FromSeconds(1), $"{used} of CPU time in 2 s of waiting.\n{proxy.Output}");
    }
}
