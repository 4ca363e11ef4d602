using System;
using System.Threading;
using WmProxy.Connections.Access;

namespace WmProxy.ForwardProxy;

/// <summary>What of a forward proxy lives across reloads.</summary>
internal sealed class ForwardProxyState
{
    private ForwardProxyModel? _current;

    public ConnectionLimit Connections { get; } = new();

    public ClientConnectionCounter ConnectionsPerClient { get; } = new();

    /// <summary>UDP associations.</summary>
    public ClientConnectionCounter AssociationsPerClient { get; } = new();

    /// <summary>What is being carried out, for a reload to look through.</summary>
    public LiveRequests LiveRequests { get; } = new();

    /// <summary>Judges a live request again, by the model given, and revokes it if it has to.</summary>
    public Action<ForwardProxyModel, LiveRequest>? Judge { get; init; }

    /// <summary>
    /// The model in force: for each new request or datagram of a connection that began under an earlier one. <see langword="null"/> before the first is.
    /// </summary>
    public ForwardProxyModel? Current
    {
        get => Volatile.Read(ref _current);
        set => Volatile.Write(ref _current, value);
    }
}
