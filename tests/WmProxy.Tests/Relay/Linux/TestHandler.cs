using System;
using System.Runtime.Versioning;
using WmProxy.Native;
using WmProxy.Relay.Linux;

namespace WmProxy.Tests.Relay.Linux;

/// <summary>An eventfd(2) that is registered with a loop, and what happens when it is ready.</summary>
[SupportedOSPlatform("linux")]
internal sealed class TestHandler : EventLoopHandler
{
    private readonly Action<TestHandler> _ready;
    private readonly Action<TestHandler>? _turn;

    public TestHandler(Action<TestHandler> ready, Action<TestHandler>? turn = null) => (_ready, _turn) = (ready, turn);

    public int Descriptor { get; private set; } = -1;

    public int Calls { get; private set; }

    public bool WasStopped { get; private set; }

    /// <summary>Registers it, level-triggered; on the loop's thread.</summary>
    public int Register(EventLoop loop)
    {
        Descriptor = Epoll.CreateEvent();
        return loop.Register(Descriptor, Epoll.In, this);
    }

    /// <summary>Makes it readable.</summary>
    public void Signal() => Assert.Equal(sizeof(ulong), TestCalls.Write(Descriptor, BitConverter.GetBytes(1UL)));

    /// <summary>Takes it back.</summary>
    public void Reset() => Assert.Equal(sizeof(ulong), TestCalls.Read(Descriptor, new byte[sizeof(ulong)]));

    /// <summary>Ends its registration; on the loop's thread.</summary>
    public void Close(EventLoop loop)
    {
        loop.Unregister(this);
        Assert.Equal(0, LinuxSocket.Close(Descriptor));
    }

    public override void OnReady(uint events)
    {
        Calls++;
        _ready(this);
    }

    public override void OnTurn() => _turn?.Invoke(this);

    public override void OnStopped()
    {
        WasStopped = true;
        _ = LinuxSocket.Close(Descriptor);
    }
}
