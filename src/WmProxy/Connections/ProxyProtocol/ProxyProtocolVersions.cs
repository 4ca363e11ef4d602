using System;

namespace WmProxy.Connections.ProxyProtocol;

/// <summary>The versions of the PROXY protocol that are looked for.</summary>
[Flags]
internal enum ProxyProtocolVersions
{
    None = 0,
    V1 = 1,
    V2 = 2,
    Both = V1 | V2,
}
