using System;
using WmProxy.Relay.Linux;

namespace WmProxy.Listeners;

/// <summary>Opens addresses that take connections, on the engine that their model asks for.</summary>
internal sealed class StreamListenerOpener : IListenerOpener
{
    private readonly ListenerContext _context;
    private readonly LinuxEngine _linux;

    public StreamListenerOpener(ListenerContext context, LinuxEngine linux)
    {
        _context = context;
        _linux = linux;
    }

    public Type ModelType => typeof(StreamListenerModel);

    public IBoundListener Open(ListenerModel model)
    {
        var stream = (StreamListenerModel)model;
        return OperatingSystem.IsLinux() && _linux.TryGetLoops(stream.Engine, out var loops)
            ? BoundListener.Open(_context, stream, loops)
            : BoundListener.Open(_context, stream);
    }
}
