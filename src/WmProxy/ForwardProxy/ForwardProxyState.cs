using WmProxy.Connections.Access;

namespace WmProxy.ForwardProxy;

/// <summary>What of a forward proxy lives across reloads.</summary>
internal sealed class ForwardProxyState
{
    public ConnectionLimit Connections { get; } = new();

    public ClientConnectionCounter ConnectionsPerClient { get; } = new();

    /// <summary>UDP associations.</summary>
    public ClientConnectionCounter AssociationsPerClient { get; } = new();
}
