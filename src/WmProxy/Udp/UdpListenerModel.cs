using WmProxy.Configuration;
using WmProxy.Listeners;
using WmProxy.Streams;

namespace WmProxy.Udp;

/// <summary>One address that takes datagrams, and the stream that they belong to.</summary>
internal sealed class UdpListenerModel : ListenerModel
{
    public required StreamModel Stream { get; init; }

    /// <summary>What its datagrams are to be moved by, when it is opened.</summary>
    public RelayEngineKind Engine { get; init; }
}
