using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Runtime.Versioning;
using System.Threading.Tasks;
using WmProxy.Relay.Linux;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Relay.Linux;

/// <summary>An event loop of a test's own, and what its handlers let through.</summary>
[SupportedOSPlatform("linux")]
internal sealed class TestLoop : IDisposable
{
    private readonly ConcurrentQueue<Exception> _failures = new();

    public TestLoop()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Event loops are made of epoll(7).");
        Loop = new EventLoop(_failures.Enqueue);
        Loop.Start("test loop");
    }

    public EventLoop Loop { get; }

    public IReadOnlyCollection<Exception> Failures => _failures;

    /// <summary>Runs <paramref name="work"/> on the loop's thread and waits for it, elsewhere.</summary>
    public async Task<T> RunAsync<T>(Func<Task<T>> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() => _ = CompleteAsync(done, work));
        return await done.Task.Within();
    }

    /// <inheritdoc cref="RunAsync{T}(Func{Task{T}})"/>
    public Task RunAsync(Func<Task> work) => RunAsync(async () =>
    {
        await work();
        return true;
    });

    /// <inheritdoc cref="RunAsync{T}(Func{Task{T}})"/>
    public Task<T> RunAsync<T>(Func<T> work) => RunAsync(() => Task.FromResult(work()));

    /// <inheritdoc cref="RunAsync{T}(Func{Task{T}})"/>
    public Task RunAsync(Action work) => RunAsync(() =>
    {
        work();
        return true;
    });

    /// <summary>Runs <paramref name="work"/> on some other thread and waits for it, there too, wherever it ends.</summary>
    public static async Task<T> RunElsewhereAsync<T>(Func<Task<T>> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = Task.Run(() => CompleteAsync(done, work));
        return await done.Task.Within();
    }

    public void Post(Action action) => Loop.Post(new ActionCommand(action));

    public void Dispose() => Loop.Dispose();

    private static async Task CompleteAsync<T>(TaskCompletionSource<T> done, Func<Task<T>> work)
    {
        try
        {
            done.SetResult(await work());
        }
        catch (Exception ex)
        {
            done.SetException(ex);
        }
    }
}
