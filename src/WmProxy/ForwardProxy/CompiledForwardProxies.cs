using System;
using System.Collections.Generic;
using System.Linq;
using WmProxy.Listeners;

namespace WmProxy.ForwardProxy;

/// <summary>All forward proxies of a configuration, compiled, with the listeners that they need.</summary>
/// <param name="Models">The forward proxies by name.</param>
/// <param name="Listeners">The listeners, one for each address and port.</param>
internal sealed record CompiledForwardProxies(IReadOnlyDictionary<string, ForwardProxyModel> Models, IReadOnlyList<ListenerModel> Listeners)
{
    public static CompiledForwardProxies None { get; } = new(new Dictionary<string, ForwardProxyModel>(), []);

    /// <summary>Whether connections of a forward proxy that came in on a listener may go on for as long as they like.</summary>
    public bool Serves(string? proxyId, string? listenerKey) => listenerKey is null
        ? proxyId is null || Models.ContainsKey(proxyId)
        : Listeners.Any(listener => listener.Key == listenerKey && (proxyId is null || proxyId.Equals(listener.ForwardProxyId, StringComparison.OrdinalIgnoreCase)));
}
