using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Socks;

namespace WmProxy.Connectors;

/// <summary>Has a SOCKS 5 proxy connect to the target (RFC 1928), <c>socks5://</c> and <c>socks5+tls://</c>. Names are for the proxy to look up.</summary>
internal sealed class Socks5Connector : ParentConnector
{
    public Socks5Connector(IConnector tcp, IConnector tls)
        : base(tcp, tls, DestinationAddress.Socks5Scheme, DestinationAddress.Socks5TlsScheme)
    {
    }

    protected override string? FindError(in ForwardTarget target) =>
        target.Address is null && Encoding.UTF8.GetByteCount(target.Host) is 0 or > byte.MaxValue ? "SOCKS carries names of 1 to 255 bytes" : null;

    protected override async ValueTask<ParentRefusal?> AskAsync(TransportStream stream, ConnectRequest request, CancellationToken cancellationToken)
    {
        if (await Socks5Handshake.AuthenticateAsync(stream, request.Address.Credentials, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        request.Progress?.HasAnswered = true;
        if (request.Target is not { } target)
        {
            return null;
        }

        request.Progress?.HasAsked = true;
        var (response, error) = await Socks5Handshake.RequestAsync(stream, new Socks5Request(SocksCommand.Connect, target), cancellationToken);
        return error ?? Describe(response.Reply, target);
    }

    private static ParentRefusal? Describe(Socks5Reply reply, ForwardTarget target)
    {
        if (reply == Socks5Reply.Succeeded)
        {
            return null;
        }

        var (words, fault, code) = reply switch
        {
            Socks5Reply.NotAllowed => ("not allowed by its rules", ConnectFault.Target, SocketError.AccessDenied),
            Socks5Reply.NetworkUnreachable => ("network unreachable", ConnectFault.Target, SocketError.NetworkUnreachable),
            Socks5Reply.HostUnreachable => ("host unreachable", ConnectFault.Target, SocketError.HostUnreachable),
            Socks5Reply.ConnectionRefused => ("connection refused", ConnectFault.Target, SocketError.ConnectionRefused),
            Socks5Reply.TtlExpired => ("TTL expired", ConnectFault.Target, SocketError.TimedOut),
            Socks5Reply.CommandNotSupported => ("it does not support CONNECT", ConnectFault.Destination, SocketError.Success),
            Socks5Reply.AddressTypeNotSupported => ("it does not support this type of address", ConnectFault.Unknown, SocketError.AddressFamilyNotSupported),
            _ => ("general failure", ConnectFault.Unknown, SocketError.Success),
        };
        return new ParentRefusal($"no connection to {target}: {words} (reply {(byte)reply:X2})", fault, code);
    }
}
