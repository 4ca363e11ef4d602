using System;
using System.Runtime.Versioning;
using System.Threading;
using System.Threading.Tasks;
using System.Threading.Tasks.Sources;
using WmProxy.Relay.Linux;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Relay.Linux;

[SupportedOSPlatform("linux")]
public sealed class SocketOperationTests : IDisposable
{
    private readonly TestLoop _loop = new();

    public void Dispose() => _loop.Dispose();

    [Fact]
    public async Task Cancel_WhileItWaits_FailsItWithItsToken()
    {
        using var cancel = new CancellationTokenSource();
        var operation = new SocketOperation(_loop.Loop);
        var waiting = _loop.RunAsync(() => Wait(operation, cancel.Token).AsTask());
        await _loop.RunAsync(() => Assert.True(operation.IsPending));

        await cancel.CancelAsync();

        var canceled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(cancel.Token, canceled.CancellationToken);
        Assert.False(operation.IsPending);
    }

    [Fact]
    public async Task Cancel_BeforeItWaits_FailsItAllTheSame()
    {
        var operation = new SocketOperation(_loop.Loop);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _loop.RunAsync(() => Wait(operation, new CancellationToken(true)).AsTask()));
    }

    /// <summary>The command that cancels is on its way when the operation completes, and arrives when the next one waits.</summary>
    [Fact]
    public async Task Cancel_ArrivesLate_HitsNothing()
    {
        using var cancel = new CancellationTokenSource();
        using var other = new CancellationTokenSource();
        var operation = new SocketOperation(_loop.Loop);
        var second = await _loop.RunAsync(() =>
        {
            var first = Wait(operation, cancel.Token);
            cancel.Cancel();
            operation.Complete(1);
            Assert.Equal(1, first.Result);
            return Task.FromResult((Task: Wait(operation, other.Token).AsTask(), 0));
        });
        await _loop.RunAsync(() => Assert.True(operation.IsPending));

        await _loop.RunAsync(() => operation.Complete(2));
        Assert.Equal(2, await second.Task.Within());
    }

    [Fact]
    public async Task Start_AfterALateCancellation_CanBeCanceledAgain()
    {
        using var cancel = new CancellationTokenSource();
        using var other = new CancellationTokenSource();
        var operation = new SocketOperation(_loop.Loop);
        await _loop.RunAsync(() =>
        {
            operation.Start(default, default, cancel.Token);
            cancel.Cancel();
            operation.Complete(0);
        });
        var waiting = _loop.RunAsync(() => Wait(operation, other.Token).AsTask());
        await _loop.RunAsync(() => Assert.True(operation.IsPending));

        await other.CancelAsync();

        var canceled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(other.Token, canceled.CancellationToken);
    }

    /// <summary>A token is cancelled by one thread at the moment in which the loop's completes the operation, over and over.</summary>
    [Fact]
    public async Task Cancel_AndCompleteAtOnce_GivesEachWaitItsOwnResult()
    {
        var operation = new SocketOperation(_loop.Loop);
        for (var run = 0; run < 2000; run++)
        {
            using var cancel = new CancellationTokenSource();
            var waiting = _loop.RunAsync(() => Wait(operation, cancel.Token).AsTask());
            var completing = _loop.RunAsync(() =>
            {
                if (operation.IsPending)
                {
                    operation.Complete(run);
                }
            });
            await cancel.CancelAsync();
            await completing;
            try
            {
                Assert.Equal(run, await waiting);
            }
            catch (OperationCanceledException ex)
            {
                Assert.Equal(cancel.Token, ex.CancellationToken);
            }
        }

        Assert.Empty(_loop.Failures);
    }

    [Fact]
    public async Task Start_OverAndOver_AllocatesNothing()
    {
        using var cancel = new CancellationTokenSource();
        var operation = new SocketOperation(_loop.Loop);
        var allocated = await _loop.RunAsync(() =>
        {
            Use(operation, cancel.Token);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                Use(operation, cancel.Token);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        });

        Assert.InRange(allocated, 0, 1000);

        static void Use(SocketOperation operation, CancellationToken token)
        {
            var waiting = Wait(operation, token);
            operation.Complete(1);
            _ = waiting.Result;
        }
    }

    [Fact]
    public async Task Complete_LetsGoOfTheMemory()
    {
        var operation = new SocketOperation(_loop.Loop);
        await _loop.RunAsync(() =>
        {
            var version = operation.Start(new byte[1], new byte[2], CancellationToken.None);
            Assert.Equal((1, 2), (operation.Target.Length, operation.Source.Length));
            operation.Complete(0);
            Assert.Equal((0, 0), (operation.Target.Length, operation.Source.Length));
            Assert.Equal(ValueTaskSourceStatus.Succeeded, operation.GetStatus(version));
        });
    }

    private static ValueTask<int> Wait(SocketOperation operation, CancellationToken cancellationToken) =>
        new(operation, operation.Start(default, default, cancellationToken));
}
