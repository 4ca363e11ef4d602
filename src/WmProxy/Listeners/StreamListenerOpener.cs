using System;

namespace WmProxy.Listeners;

/// <summary>Opens addresses that take connections, on the engine that their model asks for.</summary>
internal sealed class StreamListenerOpener : IListenerOpener
{
    private readonly ListenerContext _context;

    public StreamListenerOpener(ListenerContext context) => _context = context;

    public Type ModelType => typeof(StreamListenerModel);

    public IBoundListener Open(ListenerModel model)
    {
        return BoundListener.Open(_context, (StreamListenerModel)model);
    }
}
