using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>
/// Many small tasks on a few threads that block: a hundred thousand clients cost a test a fraction of what they would as asynchronous operations, and the
/// time goes to the program.
/// </summary>
internal static class Crowd
{
    public const int Threads = 8;

    /// <summary>Runs <paramref name="work"/> for every number below <paramref name="count"/>; the first failure ends all.</summary>
    public static async Task RunAsync(int count, Action<int> work)
    {
        var next = -1;
        var hasFailed = false;
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(_ => OnThread(() =>
        {
            try
            {
                for (var number = 0; !Volatile.Read(ref hasFailed) && (number = Interlocked.Increment(ref next)) < count;)
                {
                    work(number);
                }
            }
            catch
            {
                Volatile.Write(ref hasFailed, true);
                throw;
            }
        }))).Within(Deadline.Bulk);
    }

    /// <summary>Runs <paramref name="work"/> on a thread of its own.</summary>
    public static Task OnThread(Action work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
