using WmProxy.Connections.Access;

namespace WmProxy.Streams;

/// <summary>What of a stream lives across reloads.</summary>
internal sealed class StreamState
{
    public ConnectionLimit Connections { get; } = new();

    public ClientConnectionCounter ConnectionsPerClient { get; } = new();
}
