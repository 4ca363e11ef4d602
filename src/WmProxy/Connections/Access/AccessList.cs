using System.Net;
using WmProxy.Configuration;

namespace WmProxy.Connections.Access;

/// <summary>An <see cref="AccessConfig"/>, compiled. Immutable; lookups do not allocate.</summary>
internal sealed class AccessList
{
    private readonly NetworkSet _allow;
    private readonly NetworkSet _deny;

    private AccessList(AccessConfig config)
    {
        _allow = new NetworkSet(config.Allow);
        _deny = new NetworkSet(config.Deny);
    }

    /// <summary>The list, or <see langword="null"/> where <paramref name="config"/> lets everyone connect.</summary>
    public static AccessList? Compile(AccessConfig? config) =>
        config is null || (config.Allow.Count == 0 && config.Deny.Count == 0) ? null : new AccessList(config);

    /// <summary>
    /// Whether a client may connect. One without an address (a Unix domain socket) is on no list: it may, unless only listed ones may.
    /// </summary>
    public bool IsAllowed(IPAddress? client) => !_deny.Contains(client) && (_allow.IsEmpty || _allow.Contains(client));
}
