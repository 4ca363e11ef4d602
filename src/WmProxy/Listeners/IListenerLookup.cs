using System.Collections.Generic;

namespace WmProxy.Listeners;

/// <summary>STUB.</summary>
public interface IListenerLookup
{
    /// <summary>STUB.</summary>
    IReadOnlyList<ListenerInfo> GetListeners();
}
