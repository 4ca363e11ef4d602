using System.Collections.Frozen;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using WmProxy.Configuration;

namespace WmProxy.ForwardProxy;

/// <summary>The handlers of all protocols.</summary>
internal sealed class ForwardProtocolHandlers
{
    private readonly FrozenDictionary<ForwardProtocol, IForwardProtocolHandler> _handlers;

    /// <exception cref="System.ArgumentException">Two handlers serve the same protocol.</exception>
    public ForwardProtocolHandlers(IEnumerable<IForwardProtocolHandler> handlers)
    {
        var byProtocol = new Dictionary<ForwardProtocol, IForwardProtocolHandler>();
        foreach (var handler in handlers)
        {
            byProtocol.Add(handler.Protocol, handler);
        }

        _handlers = byProtocol.ToFrozenDictionary();
    }

    public bool TryGet(ForwardProtocol protocol, [MaybeNullWhen(false)] out IForwardProtocolHandler handler) => _handlers.TryGetValue(protocol, out handler);
}
