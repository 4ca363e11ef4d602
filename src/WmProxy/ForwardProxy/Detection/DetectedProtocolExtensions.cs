using WmProxy.Configuration;

namespace WmProxy.ForwardProxy.Detection;

/// <summary>What was detected, as the configuration knows it.</summary>
internal static class DetectedProtocolExtensions
{
    /// <summary>The protocol; <see langword="null"/> for what no forward proxy speaks.</summary>
    public static ForwardProtocol? ToForwardProtocol(this DetectedProtocol protocol) => protocol switch
    {
        DetectedProtocol.Socks4 => ForwardProtocol.Socks4,
        DetectedProtocol.Socks5 => ForwardProtocol.Socks5,
        DetectedProtocol.Http => ForwardProtocol.Http,
        DetectedProtocol.Connect => ForwardProtocol.Connect,
        _ => null,
    };
}
