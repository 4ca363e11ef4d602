using System;
using System.Runtime.Versioning;
using WmProxy.Relay.Linux;

namespace WmProxy.Tests.Relay.Linux;

/// <summary>A command that is a delegate.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ActionCommand : IEventLoopCommand
{
    private readonly Action _action;

    public ActionCommand(Action action) => _action = action;

    public void Run(EventLoop loop) => _action();
}
