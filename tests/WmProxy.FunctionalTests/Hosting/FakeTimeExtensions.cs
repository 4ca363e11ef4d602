using System;
using System.Net;
using System.Net.Sockets;
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

    /// <summary>
    /// Lets time pass, a second for each time that <paramref name="client"/> is answered, until <paramref name="task"/> completes: its session is never idle,
    /// however long the proxy waits for a processor.
    /// </summary>
    public static Task AdvanceWhileBusyAsync(this FakeTimeProvider time, UdpPeer client, EndPoint proxy, Task task) => Deadline.PollAsync(async () =>
    {
        client.Send("hello", proxy);
        if (client.Socket.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectRead))
        {
            while (client.Socket.Available > 0)
            {
                await client.ReceiveAsync();
            }

            time.Advance(TimeSpan.FromSeconds(1));
        }

        return task.IsCompleted;
    });
}
