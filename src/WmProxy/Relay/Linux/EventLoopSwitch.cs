using System;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;

namespace WmProxy.Relay.Linux;

/// <summary>What <see cref="EventLoop.Enter"/> gives: after awaiting it, the code runs on the loop's thread.</summary>
[SupportedOSPlatform("linux")]
internal readonly struct EventLoopSwitch : ICriticalNotifyCompletion
{
    private readonly EventLoop _loop;

    public EventLoopSwitch(EventLoop loop) => _loop = loop;

    public bool IsCompleted => _loop.IsCurrent;

    public EventLoopSwitch GetAwaiter() => this;

    public void GetResult()
    {
    }

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation) => _loop.Post(new Continuation(continuation));

    private sealed class Continuation : IEventLoopCommand
    {
        private readonly Action _action;

        public Continuation(Action action) => _action = action;

        public void Run(EventLoop loop) => _action();
    }
}
