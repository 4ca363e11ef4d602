using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.ForwardProxy;
using WmProxy.Socks.UdpAssociate;

namespace WmProxy.Socks;

/// <summary>Carries requests out.</summary>
internal sealed class SocksCommands
{
    private readonly ForwardTunnel _tunnel;
    private readonly SocksBind _bind;
    private readonly UdpAssociateCommand _udpAssociate;

    public SocksCommands(ForwardTunnel tunnel, SocksBind bind, UdpAssociateCommand udpAssociate)
    {
        _tunnel = tunnel;
        _bind = bind;
        _udpAssociate = udpAssociate;
    }

    /// <summary>Answers the request, and whatever it leads to, to the connection's end.</summary>
    public Task RunAsync(SocksClient client, SocksCommand command, ForwardTarget target)
    {
        client.State.Target = target.ToString();

        // From here on each command's own time limits hold.
        client.State.SetDeadline(0);
        switch (command)
        {
            case SocksCommand.Connect:
                return _tunnel.RunAsync(client.Connection, client.Proxy, client.Ask(ForwardCommand.Connect, target), client.TryGrantAsync, client.RefuseAsync);
            case SocksCommand.Bind when client.Proxy.IsBindEnabled:
                return _bind.RunAsync(client, target);
            case SocksCommand.UdpAssociate when client.Proxy.UdpAssociate is { } model:
                return _udpAssociate.RunAsync(client, target, model);
            case SocksCommand.Bind or SocksCommand.UdpAssociate:
                return client.RefuseAsync(Socks5Reply.CommandNotSupported, ConnectionEndReason.DestinationDenied, $"{command} is not enabled.").AsTask();
            default:
                return client.RefuseAsync(Socks5Reply.CommandNotSupported, ConnectionEndReason.ProtocolError, $"There is no command {(byte)command:X2}.").AsTask();
        }
    }
}
