using System;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Tests.Common;

/// <summary>
/// The one bound on every wait of the tests. It is there so that a hang becomes a failure that names what was awaited; no test passes or
/// fails by how long it is. <c>WMPROXY_TEST_DEADLINE</c> (seconds) overrides it, for slow machines and debuggers.
/// </summary>
public static class Deadline
{
    /// <summary>The bound on one step.</summary>
    public static TimeSpan Default { get; } =
        double.TryParse(Environment.GetEnvironmentVariable("WMPROXY_TEST_DEADLINE"), CultureInfo.InvariantCulture, out var seconds) && seconds > 0
            ? TimeSpan.FromSeconds(seconds)
            : TimeSpan.FromSeconds(30);

    /// <summary>The bound on a bulk transfer or the run of an external tool.</summary>
    public static TimeSpan Bulk => Default * 5;

    /// <summary>Awaits <paramref name="task"/>, but no longer than <see cref="Default"/>.</summary>
    public static async Task Within(this Task task, TimeSpan? deadline = null, [CallerArgumentExpression(nameof(task))] string? what = null)
    {
        try
        {
            await task.WaitAsync(deadline ?? Default);
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            throw new TimeoutException($"Not within {deadline ?? Default}: {what}");
        }
    }

    /// <summary>Awaits <paramref name="task"/>, but no longer than <see cref="Default"/>.</summary>
    public static async Task<T> Within<T>(this Task<T> task, TimeSpan? deadline = null, [CallerArgumentExpression(nameof(task))] string? what = null)
    {
        await Within((Task)task, deadline, what);
        return await task;
    }

    /// <summary>
    /// Repeats <paramref name="condition"/> until it holds: only for what is outside this process and gives no event to wait for.
    /// </summary>
    public static async Task PollAsync(
        Func<Task<bool>> condition,
        TimeSpan? deadline = null,
        [CallerArgumentExpression(nameof(condition))] string? what = null)
    {
        using var over = new CancellationTokenSource(deadline ?? Default);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await condition())
        {
            try
            {
                await timer.WaitForNextTickAsync(over.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"Not within {deadline ?? Default}: {what}");
            }
        }
    }
}
