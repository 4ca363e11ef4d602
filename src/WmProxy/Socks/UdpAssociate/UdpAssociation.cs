using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Configuration.Values;
using WmProxy.Connections;
using WmProxy.Relay;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>Relays one client's datagrams (RFC 1928 section 7), from its TCP connection's end of the handshake to that connection's end.</summary>
internal sealed class UdpAssociation : IRelayTraffic
{
    private readonly SocksClient _client;
    private readonly AssociationDestinations _destinations = new();
    private readonly AssociationTasks _tasks = new();
    private readonly AssociationTraffic _traffic;
    private readonly AssociationBandwidth _bandwidth;
    private readonly AssociationClient _clientEnd;
    private readonly AssociationEgress _egress;
    private readonly AssociationRequests _requests;
    private readonly CancellationTokenSource _stop;
    private bool _isClosed;
    private bool _isRunning;

    /// <param name="client">Whose it is.</param>
    /// <param name="address">The client's address, from which alone datagrams are taken.</param>
    /// <param name="clientPort">The port that the client sends from; 0 to learn it from the first datagram.</param>
    /// <param name="context">What it works with.</param>
    /// <param name="local">Where the client sends to.</param>
    /// <param name="ports">The ports to choose from.</param>
    /// <exception cref="SocketException">No socket could be opened there.</exception>
    public UdpAssociation(SocksClient client, IPAddress address, int clientPort, UdpAssociateContext context, IPAddress local, PortRange ports)
    {
        _client = client;
        _traffic = new AssociationTraffic(context.Metrics, client.Proxy.ProxyId);
        _bandwidth = new AssociationBandwidth(client.Address);

        // Nothing is received before it runs.
        _clientEnd = new AssociationClient(address, clientPort, local, ports, _traffic, (address, data) => _requests!.Pass(address, data));
        _stop = CancellationTokenSource.CreateLinkedTokenSource(context.Connections.Aborting);
        var replies = new AssociationReplies(_destinations, _clientEnd, _traffic);
        _egress = new AssociationEgress(_destinations, replies, _traffic, _tasks);
        var parents = new UdpParents(context, client, OnParentOpened, replies.OnParentReply);
        _requests = new AssociationRequests(context, client, _destinations, _egress, parents, _bandwidth, _traffic, _tasks, _stop.Token);
    }

    /// <summary>Where the client is to send to.</summary>
    public IPEndPoint LocalEndPoint => _clientEnd.LocalEndPoint;

    /// <inheritdoc/>
    public long BytesUp => _traffic.BytesUp;

    /// <inheritdoc/>
    public long BytesDown => _traffic.BytesDown;

    /// <summary>Datagrams rather than bytes: an empty one is one too.</summary>
    public long Activity => _traffic.Datagrams;

    /// <inheritdoc/>
    public int EndedDirections => 0;

    /// <inheritdoc/>
    public long? AcknowledgedWhilePending => null;

    /// <inheritdoc/>
    public void Cancel(ConnectionEndReason reason) => _client.Stream.Abort();

    /// <summary>Relays until the client's connection ends.</summary>
    public async Task<ConnectionEndReason> RunAsync()
    {
        _isRunning = true;
        try
        {
            _tasks.Add(_clientEnd.RunAsync());
            var reason = await WatchAsync();
            Dispose();
            await _tasks.WhenAllAsync();
            return reason;
        }
        finally
        {
            _stop.Dispose();
        }
    }

    /// <summary>Closes whatever is open; what runs ends then.</summary>
    public void Dispose()
    {
        lock (_destinations.Lock)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
            _egress.Dispose();
            _bandwidth.Dispose();
        }

        _clientEnd.Dispose();
        _stop.Cancel();
        if (!_isRunning)
        {
            _stop.Dispose();
        }
    }

    private async ValueTask<ConnectionEndReason> WatchAsync()
    {
        var stream = _client.Stream;
        var buffer = new byte[16];
        try
        {
            stream.Consume(stream.Buffered.Length);
            int read;
            do
            {
                // Waits without holding a buffer, with TLS too. Nothing is to come, and whatever does is not looked at.
                _ = await stream.ReadAsync(Memory<byte>.Empty, CancellationToken.None);
                read = await stream.ReadAsync(buffer, CancellationToken.None);
            }
            while (read > 0);

            return stream.IsResetBehindEnd ? ConnectionEndReason.ClientReset : ConnectionEndReason.Completed;
        }
        catch (Exception ex) when (SocksClient.IsGone(ex))
        {
            return ConnectionEndReason.ClientReset;
        }
    }

    private void OnParentOpened(UdpParent parent, Task serving)
    {
        (_client.State.ClusterId, _client.State.DestinationId) = (parent.ClusterId, parent.DestinationId);
        _tasks.Add(ForgetAsync(parent, serving));
    }

    private async Task ForgetAsync(UdpParent parent, Task serving)
    {
        await serving;
        lock (_destinations.Lock)
        {
            _destinations.Forget(parent);
        }
    }
}
