using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.Versioning;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Native;
using WmProxy.Relay.Linux;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Relay.Linux;

[SupportedOSPlatform("linux")]
public sealed class EventLoopTests : IDisposable
{
    private const int BadDescriptor = 9; // EBADF

    private readonly TestLoop _loop = new();

    public void Dispose() => _loop.Dispose();

    [Fact]
    public async Task Post_FromSeveralThreads_RunsWhatEachSentInOrderAndOnItsThread()
    {
        const int Senders = 4;
        const int Commands = 20_000;
        var seen = new int[Senders];
        var isInOrder = true;
        var left = Senders * Commands;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var senders = Enumerable.Range(0, Senders).Select(sender => Task.Run(() =>
        {
            for (var i = 0; i < Commands; i++)
            {
                var number = i;
                _loop.Post(() =>
                {
                    isInOrder &= seen[sender] == number && _loop.Loop.IsCurrent && EventLoop.Current == _loop.Loop;
                    seen[sender]++;
                    if (--left == 0)
                    {
                        done.SetResult();
                    }
                });
            }
        }));

        await Task.WhenAll(senders).Within();
        await done.Task.Within();
        Assert.True(isInOrder);
    }

    /// <summary>A command that is sent by a command waits until the sockets had their turn.</summary>
    [Fact]
    public async Task Post_CommandsThatNeverEnd_DoNotKeepSocketsWaiting()
    {
        var called = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var handler = new TestHandler(handler =>
        {
            handler.Reset();
            called.TrySetResult();
        });
        var isOver = false;
        void Again()
        {
            if (!isOver)
            {
                _loop.Post(Again);
            }
        }

        await _loop.RunAsync(() => handler.Register(_loop.Loop));
        _loop.Post(Again);
        handler.Signal();

        await called.Task.Within();
        _loop.Post(() => isOver = true);
        await _loop.RunAsync(() => handler.Close(_loop.Loop));
    }

    [Fact]
    public async Task Enter_FromElsewhere_GoesOnOnTheLoopsThreadAndThereAtOnce()
    {
        Assert.False(_loop.Loop.IsCurrent);
        await Task.Run(async () =>
        {
            await _loop.Loop.Enter();
            Assert.True(_loop.Loop.IsCurrent);
            Assert.True(_loop.Loop.Enter().IsCompleted);
        }).Within();
    }

    /// <summary>What epoll_wait(2) has given for a descriptor that is closed meanwhile is not told to whoever has its place in the table by then.</summary>
    [Fact]
    public async Task OnReady_SlotWasTakenOverInTheSameBatch_IsNotCalledForItsFormerOwner()
    {
        var others = new List<TestHandler>();
        TestHandler? heir = null;
        void Inherit(TestHandler first)
        {
            first.Reset();
            var other = others.Single(handler => handler != first);
            var slot = other.Slot;
            other.Close(_loop.Loop);
            heir = new TestHandler(handler => handler.Reset());
            Assert.Equal(0, heir.Register(_loop.Loop));
            Assert.Equal(slot, heir.Slot);
        }

        others.Add(new TestHandler(Inherit));
        others.Add(new TestHandler(Inherit));
        await _loop.RunAsync(() =>
        {
            // Both within one command, so that both are in the next batch.
            others.ForEach(handler => handler.Register(_loop.Loop));
            others.ForEach(handler => handler.Signal());
        });
        await Deadline.PollAsync(() => _loop.RunAsync(() => heir is not null));

        Assert.Equal(1, others.Sum(handler => handler.Calls));
        Assert.Equal(0, heir!.Calls);
        heir.Signal();
        await Deadline.PollAsync(() => _loop.RunAsync(() => heir.Calls == 1));
        Assert.Empty(_loop.Failures);
    }

    [Fact]
    public async Task Register_MoreThanTheTableHasRoomFor_EachIsToldOfItsOwn()
    {
        var handlers = Enumerable.Range(0, 200).Select(_ => new TestHandler(handler => handler.Reset())).ToList();
        await _loop.RunAsync(() => Assert.All(handlers, handler => Assert.Equal(0, handler.Register(_loop.Loop))));
        Assert.Equal(200, handlers.Select(handler => handler.Slot).Distinct().Count());

        foreach (var (index, handler) in handlers.Index())
        {
            if (index % 3 == 0)
            {
                handler.Signal();
            }
        }

        await Deadline.PollAsync(() => _loop.RunAsync(() => handlers.Sum(handler => handler.Calls) >= 67));
        Assert.All(handlers.Index(), handler => Assert.Equal(handler.Index % 3 == 0 ? 1 : 0, handler.Item.Calls));
    }

    [Fact]
    public async Task Register_DescriptorThatIsNone_GivesTheErrorAndTheSlotBack()
    {
        var (failed, next) = (new TestHandler(_ => { }), new TestHandler(_ => { }));

        await _loop.RunAsync(() =>
        {
            Assert.Equal(-BadDescriptor, _loop.Loop.Register(-1, Epoll.In, failed));
            Assert.Equal(0, failed.Slot);
            Assert.Equal(0, next.Register(_loop.Loop));
            Assert.Equal(1, next.Slot);
        });
    }

    [Fact]
    public async Task Unregister_DescriptorThatIsKept_IsToldOfNoMoreAndCanComeBack()
    {
        var handler = new TestHandler(handler => handler.Reset());
        await _loop.RunAsync(() =>
        {
            handler.Register(_loop.Loop);
            _loop.Loop.Unregister(handler, handler.Descriptor);

            // Once more changes nothing.
            _loop.Loop.Unregister(handler, handler.Descriptor);
            handler.Signal();
        });
        await _loop.RunAsync(() => { });
        await _loop.RunAsync(() => Assert.Equal(0, handler.Calls));

        await _loop.RunAsync(() => Assert.Equal(0, _loop.Loop.Register(handler.Descriptor, Epoll.In, handler)));
        await Deadline.PollAsync(() => _loop.RunAsync(() => handler.Calls == 1));
        Assert.Empty(_loop.Failures);
    }

    [Fact]
    public async Task Modify_OtherEvents_AreToldOfInstead()
    {
        var events = new ConcurrentQueue<int>();
        var handler = new TestHandler(handler =>
        {
            events.Enqueue(handler.Calls);
            Assert.Equal(0, _loop.Loop.Modify(handler.Descriptor, Epoll.In, handler));
        });

        // An eventfd can be written to at any time.
        await _loop.RunAsync(() =>
        {
            handler.Register(_loop.Loop);
            Assert.Equal(0, _loop.Loop.Modify(handler.Descriptor, Epoll.Out, handler));
        });
        await Deadline.PollAsync(() => Task.FromResult(!events.IsEmpty));
        await _loop.RunAsync(() => { });
        await _loop.RunAsync(() => Assert.Equal(1, handler.Calls));
        Assert.Empty(_loop.Failures);
    }

    /// <summary>Whoever always wants another turn gets one a round, and neither the others nor the sockets nor commands wait for it to be content.</summary>
    [Fact]
    public async Task Schedule_HandlersThatAlwaysWantMore_TakeTurnsWithEverybodyElse()
    {
        var turns = new List<int>();
        var isOver = false;
        TestHandler Greedy(int number) => new(_ => { }, handler =>
        {
            turns.Add(number);
            if (!isOver)
            {
                // Twice is once.
                _loop.Loop.Schedule(handler);
                _loop.Loop.Schedule(handler);
            }
        });

        var (first, second) = (Greedy(1), Greedy(2));
        var socket = new TestHandler(handler => handler.Reset());
        await _loop.RunAsync(() =>
        {
            socket.Register(_loop.Loop);
            _loop.Loop.Schedule(first);
            _loop.Loop.Schedule(second);
        });
        socket.Signal();
        await Deadline.PollAsync(() => _loop.RunAsync(() => socket.Calls == 1 && turns.Count > 100));
        await _loop.RunAsync(() => isOver = true);
        await _loop.RunAsync(() => { });

        Assert.Equal(turns.Index().Select(turn => (turn.Index % 2) + 1), turns);
    }

    [Fact]
    public async Task Handlers_ThatThrow_AreReportedAndTheLoopGoesOn()
    {
        var handler = new TestHandler(
            handler =>
            {
                handler.Reset();
                throw new InvalidOperationException("ready");
            },
            _ => throw new InvalidOperationException("turn"));
        _loop.Post(() => throw new InvalidOperationException("command"));
        await _loop.RunAsync(() =>
        {
            handler.Register(_loop.Loop);
            _loop.Loop.Schedule(handler);
        });
        handler.Signal();

        await Deadline.PollAsync(() => Task.FromResult(_loop.Failures.Count == 3));
        await _loop.RunAsync(() => { });
        Assert.Equal(["command", "ready", "turn"], _loop.Failures.Select(failure => failure.Message).Order());
    }

    [Fact]
    public async Task Handlers_ThatThrowIntoALogThatThrows_DoNotEndTheThread()
    {
        var reports = 0;
        using var loop = new EventLoop(_ =>
        {
            Interlocked.Increment(ref reports);
            throw new IOException("The disk is full.");
        });
        loop.Start("test loop");
        loop.Post(new ActionCommand(() => throw new InvalidOperationException()));
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(new ActionCommand(done.SetResult));

        await done.Task.Within();
        Assert.Equal(1, reports);
    }

    [Fact]
    public async Task Dispose_Running_EndsAfterTheCommandsSentSoFarAndTellsWhoeverIsLeft()
    {
        var loop = new TestLoop();
        var handler = new TestHandler(_ => { });
        var failing = new TestHandler(_ => { });
        await loop.RunAsync(() =>
        {
            failing.Register(loop.Loop);
            handler.Register(loop.Loop);
        });
        var before = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(before.SetResult);

        loop.Dispose();

        await before.Task.Within();
        await Deadline.PollAsync(() => Task.FromResult(handler.WasStopped && failing.WasStopped));
    }

    /// <summary>A timer or a cancellation may come late. Its command finds everything closed, but it is run: somebody may wait for it.</summary>
    [Fact]
    public async Task Post_AfterTheEnd_RunsAsIfOnTheLoopAndRegistersNothing()
    {
        var loop = new TestLoop();
        var stopped = new TestHandler(_ => { });
        await loop.RunAsync(() => stopped.Register(loop.Loop));
        loop.Dispose();
        await Deadline.PollAsync(() => Task.FromResult(stopped.WasStopped));

        var late = new TestHandler(_ => { });
        for (var i = 0; i < 10; i++)
        {
            await loop.RunAsync(() =>
            {
                Assert.True(loop.Loop.IsCurrent);
                Assert.Equal(-BadDescriptor, late.Register(loop.Loop));
                Assert.Equal(0, LinuxSocket.Close(late.Descriptor));
            });
        }

        Assert.Empty(loop.Failures);
    }

    [Fact]
    public async Task Post_WhileTheLoopEnds_IsNeverLost()
    {
        for (var run = 0; run < 200; run++)
        {
            var loop = new TestLoop();
            var ran = 0;
            var sender = Task.Run(() =>
            {
                for (var i = 0; i < 20; i++)
                {
                    loop.Post(() => Interlocked.Increment(ref ran));
                }
            });
            loop.Dispose();
            await sender.Within();
            await loop.RunAsync(() => { });
            Assert.Equal(20, ran);
        }
    }

    [Fact]
    public async Task Dispose_ManyLoops_ClosesTheirDescriptors()
    {
        const int Loops = 200;
        var before = CountLoops();
        var loops = new List<EventLoop>();
        for (var i = 0; i < Loops; i++)
        {
            loops.Add(new EventLoop(_ => { }));
            if (i % 2 == 0)
            {
                loops[^1].Start("test loop");
            }
        }

        // Other tests, which run meanwhile, have a few too.
        Assert.InRange(CountLoops(), before + (Loops / 2), int.MaxValue);
        loops.ForEach(loop => loop.Dispose());
        await Deadline.PollAsync(() => Task.FromResult(CountLoops() < before + (Loops / 2)));
    }

    private static int CountLoops() =>
        Directory.GetFileSystemEntries("/proc/self/fd").Count(path => new FileInfo(path).LinkTarget == "anon_inode:[eventpoll]");
}
