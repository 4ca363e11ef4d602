using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Configuration.Values;
using WmProxy.Udp;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>The client's end of an association (RFC 1928 section 7): takes datagrams from the client and from nobody else, and sends it the replies.</summary>
internal sealed class AssociationClient : IDisposable
{
    private readonly AssociationTraffic _traffic;
    private readonly Receiver _receiver;
    private readonly UdpSessionKey _key;
    private readonly UdpRelaySocket _socket;
    private SocketAddress? _address;
    private ushort _port;

    /// <param name="address">The client's address, from which alone datagrams are taken.</param>
    /// <param name="port">The port that the client sends from; 0 to learn it from the first datagram.</param>
    /// <param name="local">Where the client sends to.</param>
    /// <param name="ports">The ports to choose from.</param>
    /// <param name="traffic">Is told what is dropped.</param>
    /// <param name="receiver">Takes what the client sends.</param>
    /// <exception cref="SocketException">No socket could be opened there.</exception>
    public AssociationClient(IPAddress address, int port, IPAddress local, PortRange ports, AssociationTraffic traffic, Receiver receiver)
    {
        (_port, _traffic, _receiver) = ((ushort)port, traffic, receiver);
        _key = UdpPeer.KeyOf(new IPEndPoint(address, 0));
        _socket = UdpRelaySocket.Open(local, ports, OnDatagram);
    }

    /// <summary>Takes a datagram; what it is given is good until it returns.</summary>
    /// <param name="address">Where it is to go, as the client wrote it, from ATYP on.</param>
    /// <param name="data">What is to go there.</param>
    public delegate void Receiver(ReadOnlySpan<byte> address, ReadOnlySpan<byte> data);

    /// <summary>Where the client is to send to.</summary>
    public IPEndPoint LocalEndPoint => _socket.LocalEndPoint;

    /// <summary>Receives until it is disposed.</summary>
    public Task RunAsync() => _socket.RunAsync();

    /// <summary>Sends a reply, its header included; <see langword="false"/> when that is not possible, as with one that grew too large by its header.</summary>
    public bool TrySend(ReadOnlySpan<byte> datagram) =>
        Volatile.Read(ref _address) is { } address && _socket.Send(datagram, address) == SocketError.Success;

    public void Dispose() => _socket.Dispose();

    private void OnDatagram(Span<byte> buffer, SocketAddress sender)
    {
        ReadOnlySpan<byte> datagram = buffer[UdpRelaySocket.Headroom..];
        if (!UdpPeer.TryGetKey(sender, out var key) || key.Client != _key.Client || (_port != 0 && key.Port != _port))
        {
            _traffic.Dropped(UdpDropReason.ForeignSender);
        }
        else if (!Socks5Datagram.TryParse(datagram, out var fragment, out var headerLength))
        {
            _traffic.Dropped(UdpDropReason.Malformed);
        }
        else if (fragment != 0)
        {
            _traffic.Dropped(UdpDropReason.Fragmented);
        }
        else
        {
            if (_address is null)
            {
                // Only who sends something sensible is taken for the client.
                var address = new SocketAddress(sender.Family, sender.Size);
                sender.Buffer.Span[..sender.Size].CopyTo(address.Buffer.Span);
                _port = key.Port;
                Volatile.Write(ref _address, address);
            }

            _receiver(datagram[Socks5Datagram.AddressStart..headerLength], datagram[headerLength..]);
        }
    }
}
