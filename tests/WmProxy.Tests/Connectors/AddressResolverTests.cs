using System;
using System.Collections.Concurrent;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Connectors;

namespace WmProxy.Tests.Connectors;

public sealed class AddressResolverTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(20);
    private static readonly IPAddress First = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Second = IPAddress.Parse("192.0.2.2");

    private readonly FakeTimeProvider _time = new();
    private int _lookups;

    [Fact]
    public async Task ResolveAsync_WithinFiveSeconds_DoesNotAskAgain()
    {
        var resolver = Create(_ => Task.FromResult(new[] { First }));
        Assert.Equal([First], (await resolver.ResolveAsync("a", default)).Addresses);
        _time.Advance(TimeSpan.FromSeconds(4.9));
        var again = resolver.ResolveAsync("A", default);
        Assert.True(again.IsCompletedSuccessfully);
        Assert.Equal([First], (await again).Addresses);
        Assert.Equal(1, _lookups);
    }

    [Fact]
    public async Task ResolveAsync_AfterFiveSeconds_TakesNewAnswer()
    {
        var answer = First;
        var resolver = Create(_ => Task.FromResult(new[] { answer }));
        await resolver.ResolveAsync("a", default);
        answer = Second;
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal([Second], (await resolver.ResolveAsync("a", default).AsTask().WaitAsync(Hang)).Addresses);
    }

    [Fact]
    public async Task ResolveAsync_Concurrently_AsksOnce()
    {
        var answer = new TaskCompletionSource<IPAddress[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        var resolver = Create(_ => answer.Task);
        var all = Enumerable.Range(0, 50).Select(_ => resolver.ResolveAsync("a", default).AsTask()).ToArray();
        answer.SetResult([First]);
        foreach (var name in await Task.WhenAll(all).WaitAsync(Hang))
        {
            Assert.Equal([First], name.Addresses);
        }

        Assert.Equal(1, _lookups);
    }

    [Fact]
    public async Task ResolveAsync_LookupFailsLater_ServesLastAnswer()
    {
        var fails = false;
        var resolver = Create(_ => fails ? Task.FromException<IPAddress[]>(new SocketException((int)SocketError.TryAgain)) : Task.FromResult(new[] { First }));
        await resolver.ResolveAsync("a", default);
        fails = true;
        for (var i = 0; i < 3; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(10));
            var name = await resolver.ResolveAsync("a", default).AsTask().WaitAsync(Hang);
            Assert.Equal([First], name.Addresses);
            Assert.NotNull(name.Error);
        }

        Assert.Equal(4, _lookups);
    }

    [Fact]
    public async Task ResolveAsync_LookupHangs_ServesLastAnswerAfterAMoment()
    {
        var never = new TaskCompletionSource<IPAddress[]>();
        var hangs = false;
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var resolver = Create(_ =>
        {
            if (!hangs)
            {
                return Task.FromResult(new[] { First });
            }

            asked.SetResult();
            return never.Task;
        });
        await resolver.ResolveAsync("a", default);
        hangs = true;
        _time.Advance(TimeSpan.FromSeconds(6));
        var waiting = resolver.ResolveAsync("a", default).AsTask();
        await asked.Task.WaitAsync(Hang);
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(250));
        Assert.Equal([First], (await waiting.WaitAsync(Hang)).Addresses);

        // Nobody waits for the same lookup a second time.
        var next = resolver.ResolveAsync("a", default);
        Assert.True(next.IsCompletedSuccessfully);
        Assert.Equal([First], (await next).Addresses);
        Assert.Equal(2, _lookups);
    }

    [Fact]
    public async Task ResolveAsync_Failure_IsRememberedForASecond()
    {
        var resolver = Create(_ => throw new InvalidOperationException("boom"));
        var name = await resolver.ResolveAsync("a", default).AsTask().WaitAsync(Hang);
        Assert.Empty(name.Addresses);
        Assert.Equal("boom", name.Error);
        await resolver.ResolveAsync("a", default).AsTask().WaitAsync(Hang);
        Assert.Equal(1, _lookups);
        _time.Advance(TimeSpan.FromSeconds(1));
        await resolver.ResolveAsync("a", default).AsTask().WaitAsync(Hang);
        Assert.Equal(2, _lookups);
    }

    [Fact]
    public async Task ResolveAsync_Cancelled_LeavesTheLookupToOthers()
    {
        var answer = new TaskCompletionSource<IPAddress[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        var resolver = Create(_ => answer.Task);
        using var cts = new CancellationTokenSource();
        var cancelled = resolver.ResolveAsync("a", cts.Token).AsTask();
        var other = resolver.ResolveAsync("a", default).AsTask();
        await cts.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        answer.SetResult([First]);
        Assert.Equal([First], (await other.WaitAsync(Hang)).Addresses);
    }

    [Fact]
    public async Task ResolveAsync_ManyHangingNames_AsksForEightAtATime()
    {
        var waiting = new ConcurrentQueue<TaskCompletionSource<IPAddress[]>>();
        using var started = new SemaphoreSlim(0);
        var resolver = Create(_ =>
        {
            var answer = new TaskCompletionSource<IPAddress[]>(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Enqueue(answer);
            started.Release();
            return answer.Task;
        });
        var all = Enumerable.Range(0, 20).Select(i => resolver.ResolveAsync($"name{i}", default).AsTask()).ToArray();
        for (var i = 0; i < 8; i++)
        {
            Assert.True(await started.WaitAsync(Hang));
        }

        Assert.Equal(8, Volatile.Read(ref _lookups));
        for (var i = 0; i < 20; i++)
        {
            if (i >= 8)
            {
                Assert.True(await started.WaitAsync(Hang));
            }

            Assert.True(waiting.TryDequeue(out var answer));
            answer.SetResult([First]);
        }

        await Task.WhenAll(all).WaitAsync(Hang);
        Assert.Equal(20, _lookups);
    }

    [Fact]
    public async Task ResolveAsync_ManyNames_RemembersAThousand()
    {
        var resolver = Create(_ => Task.FromResult(new[] { First }));
        for (var i = 0; i < 1100; i++)
        {
            await resolver.ResolveAsync($"name{i}", default);
        }

        Assert.InRange(resolver.Count, 1, 1024);
    }

    [Fact]
    public async Task ResolveAsync_BothFamilies_Alternate()
    {
        IPAddress[] answer = [IPAddress.Parse("::1"), IPAddress.Parse("::2"), First, Second];
        var resolver = Create(_ => Task.FromResult(answer));
        var name = await resolver.ResolveAsync("a", default);
        Assert.Equal([answer[0], answer[2], answer[1], answer[3]], name.Addresses);

        name.Prefer(Second);
        Assert.Equal([Second, answer[0], answer[2], answer[1]], name.Addresses);
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(Second, (await resolver.ResolveAsync("a", default).AsTask().WaitAsync(Hang)).Addresses[0]);
    }

    [Fact]
    public async Task ResolveAsync_Localhost_IsLoopback()
    {
        var name = await new AddressResolver(TimeProvider.System).ResolveAsync("localhost", default).AsTask().WaitAsync(Hang);
        Assert.NotEmpty(name.Addresses);
        Assert.All(name.Addresses, address => Assert.True(IPAddress.IsLoopback(address)));
    }

    private AddressResolver Create(Func<string, Task<IPAddress[]>> lookup) => new(_time, name =>
    {
        Interlocked.Increment(ref _lookups);
        return lookup(name);
    });
}
