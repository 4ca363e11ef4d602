using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Threading;
using Microsoft.Win32.SafeHandles;
using WmProxy.Native;

namespace WmProxy.Relay.Linux;

/// <summary>
/// A thread that waits on epoll(7) for all of its descriptors and calls their handlers. Whatever a handler owns belongs to this thread: it alone reads,
/// writes and closes it; other threads send commands. Nothing that runs here may block.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class EventLoop : IDisposable
{
    /// <summary>The size of <see cref="Buffer"/>.</summary>
    public const int BufferSize = 64 * 1024;

    private const int EventsPerWait = 256;
    private const ulong WakeUp = 0;

    [ThreadStatic]
    private static EventLoop? _current;

    // A handle, as other threads write to it, also after the end; its number may belong to somebody else by then.
    private readonly SafeFileHandle _wakeUp;
    private readonly ConcurrentQueue<IEventLoopCommand> _commands = new();
    private readonly Queue<EventLoopHandler> _turns = new();
    private readonly Stack<int> _freeSlots = new();
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferSize, pinned: true);
    private readonly Action<Exception> _failed;

    // Slot 0 is the eventfd's. The generation tells events of a slot's former owner, which the same epoll_wait may still hold, from its present one's.
    private EventLoopHandler?[] _handlers = new EventLoopHandler?[64];
    private uint[] _generations = new uint[64];
    private int _epoll;
    private int _slotCount = 1;
    private int _isWoken;
    private bool _isStarted;
    private bool _isStopping;
    private bool _hasEnded;

    /// <summary>A loop whose thread is started with <see cref="Start"/>.</summary>
    /// <param name="failed">Told of exceptions that a handler or command lets through, which are defects.</param>
    /// <exception cref="IOException">There is no descriptor left for it.</exception>
    public EventLoop(Action<Exception> failed)
    {
        _failed = failed;
        _epoll = Epoll.Create();
        var wakeUp = _epoll < 0 ? -1 : Epoll.CreateEvent();
        _wakeUp = new SafeFileHandle(wakeUp, ownsHandle: true);
        var error = _epoll < 0 ? _epoll : wakeUp < 0 ? wakeUp : Epoll.TryAdd(_epoll, wakeUp, Epoll.In, WakeUp);
        if (error < 0)
        {
            CloseDescriptors();
            throw new IOException($"An event loop could not be made: {Marshal.GetPInvokeErrorMessage(-error)}.");
        }
    }

    /// <summary>The loop whose thread this is, if it is one's.</summary>
    public static EventLoop? Current => _current;

    /// <summary>Whether the caller runs on this loop's thread.</summary>
    public bool IsCurrent => _current == this;

    /// <summary>A number that changes each time that everybody who was ready has had a turn.</summary>
    public uint Round { get; private set; }

    /// <summary>Memory to read into and write from within one call of a handler; pinned.</summary>
    public Span<byte> Buffer => _buffer;

    /// <summary>Pipes for splice(2), of this thread only.</summary>
    public SplicePipePool Pipes { get; } = new();

    public void Start(string name)
    {
        _isStarted = true;
        new Thread(Run) { IsBackground = true, Name = name }.Start();
    }

    /// <summary>
    /// Has <paramref name="command"/> run on this loop's thread, soon and in order. From any thread. After the loop's end it runs on one of the pool's, so that
    /// whoever waits for it learns that everything is closed.
    /// </summary>
    public void Post(IEventLoopCommand command)
    {
        _commands.Enqueue(command);
        if (Interlocked.Exchange(ref _isWoken, 1) != 0)
        {
            return;
        }

        if (Volatile.Read(ref _hasEnded))
        {
            ThreadPool.UnsafeQueueUserWorkItem(static loop => loop.RunLateCommands(), this, preferLocal: false);
            return;
        }

        try
        {
            Epoll.Signal(_wakeUp);
        }
        catch (ObjectDisposedException)
        {
            // It ends in this moment, and looks for commands once more.
        }
    }

    /// <summary>To await: the code behind it runs on this loop's thread, at once if it does already.</summary>
    public EventLoopSwitch Enter() => new(this);

    /// <summary>Calls <paramref name="handler"/> for <paramref name="events"/> from now on. On this thread only.</summary>
    /// <returns>0, or the negated errno (ENOSPC, ENOMEM): the handler is not registered then.</returns>
    public int Register(int descriptor, uint events, EventLoopHandler handler)
    {
        var slot = _freeSlots.Count > 0 ? _freeSlots.Pop() : _slotCount++;
        if (slot >= _handlers.Length)
        {
            Array.Resize(ref _handlers, _handlers.Length * 2);
            Array.Resize(ref _generations, _handlers.Length);
        }

        var result = Epoll.TryAdd(_epoll, descriptor, events, (uint)slot | ((ulong)_generations[slot] << 32));
        if (result < 0)
        {
            _freeSlots.Push(slot);
            return result;
        }

        _handlers[slot] = handler;
        handler.Slot = slot;
        return 0;
    }

    /// <summary>Changes the events that a handler is called for. On this thread only.</summary>
    public int Modify(int descriptor, uint events, EventLoopHandler handler) =>
        Epoll.TryModify(_epoll, descriptor, events, (uint)handler.Slot | ((ulong)_generations[handler.Slot] << 32));

    /// <summary>
    /// Calls <paramref name="handler"/> no more. On this thread only; its descriptor must be closed right after (which takes it out of the epoll), or be
    /// taken out with <paramref name="descriptorToKeep"/>.
    /// </summary>
    public void Unregister(EventLoopHandler handler, int descriptorToKeep = -1)
    {
        var slot = handler.Slot;
        if (slot == 0)
        {
            return;
        }

        if (descriptorToKeep >= 0)
        {
            _ = Epoll.TryRemove(_epoll, descriptorToKeep);
        }

        handler.Slot = 0;
        _handlers[slot] = null;
        _generations[slot]++;
        _freeSlots.Push(slot);
    }

    /// <summary>Calls <see cref="EventLoopHandler.OnTurn"/> once the others that are ready have had theirs. On this thread only.</summary>
    public void Schedule(EventLoopHandler handler)
    {
        if (!handler.IsScheduled)
        {
            handler.IsScheduled = true;
            _turns.Enqueue(handler);
        }
    }

    /// <summary>Ends the thread after the commands sent so far; whoever is still registered is told (<see cref="EventLoopHandler.OnStopped"/>).</summary>
    public void Dispose()
    {
        if (_isStarted)
        {
            Post(new StopCommand());
        }
        else
        {
            End();
        }
    }

    private void Run()
    {
        _current = this;
        var events = stackalloc byte[EventsPerWait * Epoll.MaxEventSize];
        while (!_isStopping)
        {
            var count = Epoll.Wait(_epoll, events, EventsPerWait, _turns.Count > 0 ? 0 : -1);
            if (count < 0)
            {
                // Its descriptor was closed by somebody else. Better everything ends than that it hangs.
                Report(new IOException($"Waiting for events failed: {Marshal.GetPInvokeErrorMessage(-count)}."));
                break;
            }

            Round++;
            for (var i = 0; i < count; i++)
            {
                var (ready, data) = Epoll.Read(events, i);
                if (data == WakeUp)
                {
                    Epoll.Reset(_wakeUp);
                    RunCommands();
                }
                else if (_generations[(int)(uint)data] == (uint)(data >> 32) && _handlers[(int)(uint)data] is { } handler)
                {
                    Call(handler, ready);
                }
            }

            TakeTurns();
        }

        End();
    }

    private void End()
    {
        lock (_commands)
        {
            _current = this;

            // Before the queue is read for the last time: what that misses is sent to the pool.
            Volatile.Write(ref _hasEnded, true);
            CloseDescriptors();
            Stop();
            Pipes.Dispose();
            RunCommands();
            _current = null;
        }
    }

    // No handler can be registered any more.
    private void Stop()
    {
        foreach (var handler in _handlers)
        {
            try
            {
                handler?.OnStopped();
            }
            catch (Exception ex)
            {
                Report(ex);
            }
        }
    }

    // What is sent after the end: by one thread at a time, which is the loop's then.
    private void RunLateCommands()
    {
        lock (_commands)
        {
            _current = this;
            RunCommands();
            _current = null;
        }
    }

    private void RunCommands()
    {
        // Before the queue is read: a command sent from here on wakes the loop again. As many as are there, so that they cannot starve the sockets.
        Interlocked.Exchange(ref _isWoken, 0);
        for (var left = _commands.Count; left > 0 && _commands.TryDequeue(out var command); left--)
        {
            try
            {
                command.Run(this);
            }
            catch (Exception ex)
            {
                Report(ex);
            }
        }
    }

    private void TakeTurns()
    {
        // Those scheduled meanwhile wait for the next round, after the sockets that became ready.
        for (var left = _turns.Count; left > 0; left--)
        {
            var handler = _turns.Dequeue();
            handler.IsScheduled = false;
            try
            {
                handler.OnTurn();
            }
            catch (Exception ex)
            {
                Report(ex);
            }
        }
    }

    private void Call(EventLoopHandler handler, uint events)
    {
        try
        {
            handler.OnReady(events);
        }
        catch (Exception ex)
        {
            Report(ex);
        }
    }

    private void Report(Exception exception)
    {
        try
        {
            _failed(exception);
        }
        catch (Exception)
        {
            // A log that fails too. The thread has the connections of others.
        }
    }

    private void CloseDescriptors()
    {
        _wakeUp.Dispose();
        if (_epoll >= 0)
        {
            _ = LinuxSocket.Close(_epoll);
            _epoll = -1;
        }
    }

    private sealed class StopCommand : IEventLoopCommand
    {
        public void Run(EventLoop loop) => loop._isStopping = true;
    }
}
