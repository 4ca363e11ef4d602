using System.Collections.Generic;
using System.Net.Sockets;
using System.Threading;

namespace WmProxy.Udp.Portable;

/// <summary>A session with its socket. Everything but <see cref="RequestEnd"/> under <see cref="Lock"/>.</summary>
internal sealed class PortableUdpSession : IUdpSessionOwner
{
    private readonly PortableUdpReceiver _receiver;

    public PortableUdpSession(PortableUdpReceiver receiver) => _receiver = receiver;

    public Lock Lock { get; } = new();

    /// <summary>What is known of it; set right after it is made.</summary>
    public UdpSession Session { get; set; } = null!;

    /// <summary>Towards its destination, which alone it sends to and hears; <see langword="null"/> until that is known.</summary>
    public Socket? Socket { get; set; }

    /// <summary>What waits for the destination's name; <see langword="null"/> when it is not being resolved.</summary>
    public List<byte[]>? Waiting { get; set; }

    public void RequestEnd(UdpSession session) => _receiver.End(this);
}
