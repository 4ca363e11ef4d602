using Microsoft.AspNetCore.Connections;
using WmProxy.Configuration;

namespace WmProxy.Listeners;

/// <summary>One address that takes connections, and what happens to them.</summary>
internal sealed class StreamListenerModel : ListenerModel
{
    /// <summary>What runs for each connection.</summary>
    public required ConnectionDelegate Pipeline { get; init; }

    /// <summary>What its connections are to be accepted and moved by, when it is opened.</summary>
    public RelayEngineKind Engine { get; init; }
}
