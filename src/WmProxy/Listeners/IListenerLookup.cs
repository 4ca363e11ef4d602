using System.Collections.Generic;

namespace WmProxy.Listeners;

/// <summary>Tells which listeners are open, and where those with port 0 ended up.</summary>
public interface IListenerLookup
{
    /// <summary>The listeners of this moment, one for each bound address; empty before the host has started.</summary>
    IReadOnlyList<ListenerInfo> GetListeners();
}
