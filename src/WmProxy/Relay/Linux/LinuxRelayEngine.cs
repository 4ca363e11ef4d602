using System;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Relay.Portable;

namespace WmProxy.Relay.Linux;

/// <summary>
/// Moves bytes on event loops where both connections are plain sockets of one loop; any other pair (TLS, a bandwidth limit, a connection that another server
/// accepted) goes through the portable engine, on whatever the streams are.
/// </summary>
internal sealed class LinuxRelayEngine : IRelayEngine
{
    private readonly PortableRelayEngine _portable = new();

    public string Name => "linux";

    public ValueTask<ConnectionEndReason> RelayAsync(RelaySession session)
    {
        return OperatingSystem.IsLinux()
            && session is { Bandwidth: null, Client: LinuxSocketStream client, Upstream: LinuxSocketStream upstream }
            && client.Loop == upstream.Loop
            ? RelayPair.RunAsync(session, client, upstream)
            : _portable.RelayAsync(session);
    }
}
