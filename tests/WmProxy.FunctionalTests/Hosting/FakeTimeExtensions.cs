using System;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Hosting;

internal static class FakeTimeExtensions
{
    /// <summary>
    /// Lets time pass, a second at a time, until <paramref name="task"/> completes: for what begins to wait at a moment that a test cannot see.
    /// </summary>
    /// <returns>The result, and how much time passed.</returns>
    public static async Task<(T Result, TimeSpan Elapsed)> AdvanceUntilAsync<T>(this FakeTimeProvider time, Task<T> task)
    {
        var start = time.GetUtcNow();
        await Deadline.PollAsync(() =>
        {
            if (!task.IsCompleted)
            {
                time.Advance(TimeSpan.FromSeconds(1));
            }

            return Task.FromResult(task.IsCompleted);
        });
        return (await task, time.GetUtcNow() - start);
    }
}
