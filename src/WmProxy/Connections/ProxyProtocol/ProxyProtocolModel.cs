using System.Net;
using WmProxy.Configuration;
using WmProxy.Connections.Access;

namespace WmProxy.Connections.ProxyProtocol;

/// <summary>
/// A <see cref="ProxyProtocolAcceptConfig"/>, compiled. A header is read from the listed networks only: from anyone else its bytes are
/// data, so that nobody can claim somebody else's address (proxy-protocol.txt section 2: a receiver must not guess).
/// </summary>
internal sealed class ProxyProtocolModel
{
    private readonly NetworkSet _from;

    private ProxyProtocolModel(ProxyProtocolAcceptConfig config)
    {
        _from = new NetworkSet(config.From);
        foreach (var version in config.Versions)
        {
            Versions |= version == ProxyProtocolVersion.V1 ? ProxyProtocolVersions.V1 : ProxyProtocolVersions.V2;
        }

        Versions = Versions == ProxyProtocolVersions.None ? ProxyProtocolVersions.Both : Versions;
        Required = config.Required ?? true;
    }

    /// <summary>The versions that are accepted.</summary>
    public ProxyProtocolVersions Versions { get; }

    /// <summary>Whether a connection from the listed networks has to have a header.</summary>
    public bool Required { get; }

    public static ProxyProtocolModel? Compile(ProxyProtocolAcceptConfig? config) => config is null ? null : new ProxyProtocolModel(config);

    /// <summary>Whether a header is read from <paramref name="peer"/>, the connection's own remote address; never from a Unix domain socket.</summary>
    public bool AppliesTo(IPAddress? peer) => _from.Contains(peer);
}
