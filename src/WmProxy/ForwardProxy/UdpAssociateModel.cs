using System.Net;
using WmProxy.Configuration.Values;

namespace WmProxy.ForwardProxy;

/// <summary><c>UdpAssociate</c>, compiled.</summary>
internal sealed class UdpAssociateModel
{
    /// <summary>The address that clients are told; <see langword="null"/> for the one that they connected to.</summary>
    public IPAddress? AdvertisedAddress { get; init; }

    /// <summary>The ports to choose from; 0 for any free one.</summary>
    public required PortRange Ports { get; init; }

    /// <summary>In ticks of the time provider's timestamps.</summary>
    public required long IdleTicks { get; init; }

    /// <summary>0 for no limit.</summary>
    public required int MaxAssociationsPerClient { get; init; }
}
