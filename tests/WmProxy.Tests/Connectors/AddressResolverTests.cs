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
    public async Task ResolveForClientAsync_OneClientsNamesHang_OthersAreAnswered()
    {
        using var hanging = new HangingNames();
        var resolver = Create(hanging.LookupAsync);
        var all = Ask(resolver, Client(1), 60);
        await hanging.StartedAsync(4);

        Assert.Equal([First], (await resolver.ResolveForClientAsync("good", Client(2), default).AsTask().WaitAsync(Hang)).Addresses);
        Assert.Equal([First], (await resolver.ResolveAsync("good", default).AsTask().WaitAsync(Hang)).Addresses);
        Assert.Equal(4, hanging.StartedCount);
        hanging.Release();
        await Task.WhenAll(all).WaitAsync(Hang);
        await EndsAsync(resolver);
    }

    [Fact]
    public async Task ResolveForClientAsync_OneIPv6Network_IsOneClient()
    {
        using var hanging = new HangingNames();
        var resolver = Create(hanging.LookupAsync);
        var all = Enumerable.Range(1, 10).Select(i => resolver.ResolveForClientAsync($"hang{i}", IPAddress.Parse($"2001:db8::{i}"), default).AsTask()).ToArray();
        await hanging.StartedAsync(4);
        Assert.Equal(1, resolver.ClientCount);
        hanging.Release();
        await Task.WhenAll(all).WaitAsync(Hang);
    }

    [Fact]
    public async Task ResolveForClientAsync_ManyClientsNamesHang_EachOfTheRestHasOnePlaceAndConfiguredNamesTheirOwn()
    {
        using var hanging = new HangingNames();
        var resolver = Create(hanging.LookupAsync);
        var all = Enumerable.Range(1, 8).SelectMany(i => Ask(resolver, Client(i), 6)).ToList();
        await hanging.StartedAsync(32);

        // Half of the places are taken.
        all.AddRange(Enumerable.Range(9, 32).SelectMany(i => Ask(resolver, Client(i), 6)));
        await hanging.StartedAsync(64);
        var last = resolver.ResolveForClientAsync("good", Client(99), default).AsTask();
        Assert.Equal([First], (await resolver.ResolveAsync("configured", default).AsTask().WaitAsync(Hang)).Addresses);
        Assert.False(last.IsCompleted);
        Assert.Equal(64, hanging.StartedCount);

        // Its turn is before the many that others asked for earlier.
        hanging.Release(40);
        Assert.Equal([First], (await last.WaitAsync(Hang)).Addresses);
        hanging.Release();
        await Task.WhenAll(all).WaitAsync(Hang);
        await EndsAsync(resolver);
    }

    [Fact]
    public async Task ResolveForClientAsync_NameThatWaitsInAnothersQueue_IsLookedUpInTheFirstTurn()
    {
        using var hanging = new HangingNames();
        var resolver = Create(hanging.LookupAsync);
        var all = Ask(resolver, Client(1), 20);
        await hanging.StartedAsync(4);
        var theirs = resolver.ResolveForClientAsync("good", Client(1), default).AsTask();
        Assert.Equal([First], (await resolver.ResolveForClientAsync("good", Client(2), default).AsTask().WaitAsync(Hang)).Addresses);
        Assert.Equal([First], (await theirs.WaitAsync(Hang)).Addresses);
        hanging.Release();
        await Task.WhenAll(all).WaitAsync(Hang);
        await EndsAsync(resolver);
        Assert.Equal(1, hanging.CountOf("good"));
    }

    [Fact]
    public async Task ResolveForClientAsync_MoreThanSixtyFourWait_IsRefusedAtOnce()
    {
        using var hanging = new HangingNames();
        var resolver = Create(hanging.LookupAsync);
        using var cts = new CancellationTokenSource();
        var all = Enumerable.Range(1, 68).Select(i => resolver.ResolveForClientAsync($"hang{i}", Client(1), cts.Token).AsTask()).ToArray();
        await hanging.StartedAsync(4);
        var refused = resolver.ResolveForClientAsync("one more", Client(1), default).AsTask();
        Assert.True(refused.IsCompletedSuccessfully);
        Assert.Contains("too many names", (await refused).Error);

        // Those that nobody waits for any more make room, and are never looked up.
        await cts.CancelAsync();
        foreach (var cancelled in all)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.WaitAsync(Hang));
        }

        var taken = resolver.ResolveForClientAsync("one more", Client(1), default).AsTask();
        Assert.False(taken.IsCompleted);
        hanging.Release();
        Assert.Equal([First], (await taken.WaitAsync(Hang)).Addresses);
        await EndsAsync(resolver);
        Assert.Equal(5, hanging.StartedCount + hanging.CountOf("one more"));
    }

    [Fact]
    public async Task ResolveForClientAsync_ManyNames_LeaveConfiguredOnesKnown()
    {
        var resolver = Create(_ => Task.FromResult(new[] { First }));
        await resolver.ResolveAsync("configured", default);
        for (var i = 0; i < 20000; i++)
        {
            await resolver.ResolveForClientAsync($"name{i}", Client(i % 7), default);
        }

        Assert.InRange(resolver.Count, 12288, 16385);
        Assert.True(resolver.ResolveAsync("configured", default).AsTask().IsCompletedSuccessfully);
        Assert.Equal(20001, _lookups);
    }

    [Fact]
    public async Task ResolveForClientAsync_Failure_IsRememberedForASecond()
    {
        var resolver = Create(_ => throw new SocketException((int)SocketError.HostNotFound));
        Assert.Empty((await resolver.ResolveForClientAsync("a", Client(1), default).AsTask().WaitAsync(Hang)).Addresses);
        Assert.NotNull((await resolver.ResolveForClientAsync("A", Client(2), default)).Error);
        Assert.Equal(1, _lookups);
    }

    [Fact]
    public async Task ResolveAsync_Localhost_IsLoopback()
    {
        var name = await new AddressResolver(TimeProvider.System).ResolveAsync("localhost", default).AsTask().WaitAsync(Hang);
        Assert.NotEmpty(name.Addresses);
        Assert.All(name.Addresses, address => Assert.True(IPAddress.IsLoopback(address)));
    }

    private static IPAddress Client(int number) => IPAddress.Parse($"192.0.2.{number}");

    private static Task<ResolvedName>[] Ask(AddressResolver resolver, IPAddress client, int count) =>
        [.. Enumerable.Range(1, count).Select(i => resolver.ResolveForClientAsync($"hang {client} {i}", client, default).AsTask())];

    private static Task EndsAsync(AddressResolver resolver) => WmProxy.Tests.Common.Deadline.PollAsync(() => Task.FromResult(resolver.ClientCount == 0));

    /// <summary>A resolver that is silent about names that begin with "hang".</summary>
    private sealed class HangingNames : IDisposable
    {
        private readonly ConcurrentQueue<TaskCompletionSource<IPAddress[]>> _waiting = new();
        private readonly ConcurrentDictionary<string, int> _counts = new();
        private readonly SemaphoreSlim _started = new(0);
        private volatile bool _isReleased;

        public int StartedCount => _counts.Count(item => item.Key.StartsWith("hang", StringComparison.Ordinal));

        public int CountOf(string name) => _counts.TryGetValue(name, out var count) ? count : 0;

        public Task<IPAddress[]> LookupAsync(string name)
        {
            _counts.AddOrUpdate(name, 1, static (_, count) => count + 1);
            if (_isReleased || !name.StartsWith("hang", StringComparison.Ordinal))
            {
                return Task.FromResult(new[] { First });
            }

            var answer = new TaskCompletionSource<IPAddress[]>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(answer);
            _started.Release();
            if (_isReleased)
            {
                Release();
            }

            return answer.Task;
        }

        /// <summary>Waits until so many more have begun in all.</summary>
        public async Task StartedAsync(int count)
        {
            while (StartedCount < count)
            {
                Assert.True(await _started.WaitAsync(Hang));
            }
        }

        public void Release(int count = int.MaxValue)
        {
            _isReleased |= count == int.MaxValue;
            while (count-- > 0 && _waiting.TryDequeue(out var answer))
            {
                answer.TrySetResult([First]);
            }
        }

        public void Dispose() => _started.Dispose();
    }

    private AddressResolver Create(Func<string, Task<IPAddress[]>> lookup) => new(_time, name =>
    {
        Interlocked.Increment(ref _lookups);
        return lookup(name);
    });
}
