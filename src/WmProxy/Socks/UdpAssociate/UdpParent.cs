using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Configuration.Values;
using WmProxy.Relay.Bandwidth;
using WmProxy.Udp;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>A cluster of parents that takes an association's datagrams, on one association of its own. When that fails, another one takes its place.</summary>
internal sealed class UdpParent : IDisposable
{
    [ThreadStatic]
    private static byte[]? _threadBuffer;

    private readonly UdpParentAssociation _association;
    private readonly UdpRelaySocket _socket;
    private readonly SocketAddress _relay;
    private readonly UdpSessionKey _relayKey;

    private UdpParent(string clusterId, UdpParentAssociation association, UdpRelaySocket socket)
    {
        (ClusterId, _association, _socket) = (clusterId, association, socket);
        _relay = association.Relay.Serialize();
        _relayKey = UdpPeer.KeyOf(association.Relay);
    }

    public string ClusterId { get; }

    public string DestinationId => _association.Lease.Destination.DestinationId;

    /// <summary>The limits of the rule that went through it last: replies do not tell whose they are.</summary>
    public BandwidthLease? Bandwidth { get; set; }

    /// <summary>Opens a socket for the parent's relay.</summary>
    /// <exception cref="SocketException">There is none; <paramref name="association"/> is still the caller's.</exception>
    public static UdpParent Open(string clusterId, UdpParentAssociation association, UdpRelaySocket.Receiver receiver)
    {
        var any = association.Relay.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;
        return new UdpParent(clusterId, association, UdpRelaySocket.Open(any, default(PortRange), receiver));
    }

    /// <summary>Whether a datagram is from the parent.</summary>
    public bool IsFrom(SocketAddress sender) => UdpPeer.TryGetKey(sender, out var key) && key.Equals(_relayKey);

    /// <summary>Sends a datagram behind <paramref name="header"/>.</summary>
    public SocketError Send(ReadOnlySpan<byte> header, ReadOnlySpan<byte> data)
    {
        var buffer = _threadBuffer ??= GC.AllocateUninitializedArray<byte>(UdpRelaySocket.MaxDatagram + Socks5Datagram.MaxHeaderLength, pinned: true);
        header.CopyTo(buffer);
        data.CopyTo(buffer.AsSpan(header.Length));
        return _socket.Send(buffer.AsSpan(0, header.Length + data.Length), _relay);
    }

    /// <summary>Receives until it is disposed.</summary>
    public Task ReceiveAsync() => _socket.RunAsync();

    /// <summary>Waits for the end of the parent's association, which is that of its connection.</summary>
    public async Task WatchAsync()
    {
        var buffer = new byte[16];
        try
        {
            while (await _association.Control.ReadAsync(buffer, CancellationToken.None) > 0)
            {
                // Nothing is to come.
            }
        }
        catch (Exception ex) when (SocksClient.IsGone(ex))
        {
            // An end like any other.
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _association.Dispose();
    }
}
