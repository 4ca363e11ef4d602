using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Configuration.Values;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.ForwardProxy;
using WmProxy.Relay;
using WmProxy.Relay.Bandwidth;
using WmProxy.Udp;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>
/// Relays one client's datagrams (RFC 1928 section 7), from its TCP connection's end of the handshake to that connection's end. Every destination is judged
/// before anything is sent to it, and again every few seconds; datagrams wait for the first verdict, within bounds, and hold nobody else up.
/// </summary>
internal sealed class UdpAssociation : IRelayTraffic
{
    private const int MaxJudgements = 16;

    private static readonly TimeSpan VerdictLifetime = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly SocksClient _client;
    private readonly UdpAssociateContext _context;
    private readonly UdpDestinations _destinations = new();
    private readonly UdpParents _parents;
    private readonly Dictionary<BandwidthModel, BandwidthLease> _bandwidth = [];
    private readonly List<Task> _tasks = [];
    private readonly CancellationTokenSource _stop;
    private readonly UdpSessionKey _clientKey;
    private readonly UdpRelaySocket _socket;

    private SocketAddress? _clientAddress;
    private ushort _clientPort;
    private UdpRelaySocket? _ipv4;
    private UdpRelaySocket? _ipv6;
    private int _judgements;
    private bool _isClosed;
    private bool _isRunning;
    private long _bytesUp;
    private long _bytesDown;
    private long _datagrams;

    /// <param name="client">Whose it is.</param>
    /// <param name="address">The client's address, from which alone datagrams are taken.</param>
    /// <param name="clientPort">The port that the client sends from; 0 to learn it from the first datagram.</param>
    /// <param name="context">What it works with.</param>
    /// <param name="local">Where the client sends to.</param>
    /// <param name="ports">The ports to choose from.</param>
    /// <exception cref="SocketException">No socket could be opened there.</exception>
    public UdpAssociation(SocksClient client, IPAddress address, int clientPort, UdpAssociateContext context, IPAddress local, PortRange ports)
    {
        (_client, _context, _clientPort) = (client, context, (ushort)clientPort);
        _parents = new UdpParents(context, client, OnParentOpened, OnParentReply);
        _clientKey = UdpPeer.KeyOf(new IPEndPoint(address, 0));
        _socket = UdpRelaySocket.Open(local, ports, OnClientDatagram);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(context.Connections.Aborting);
    }

    /// <summary>Where the client is to send to.</summary>
    public IPEndPoint LocalEndPoint => _socket.LocalEndPoint;

    /// <inheritdoc/>
    public long BytesUp => Interlocked.Read(ref _bytesUp);

    /// <inheritdoc/>
    public long BytesDown => Interlocked.Read(ref _bytesDown);

    /// <summary>Datagrams rather than bytes: an empty one is one too.</summary>
    public long Activity => Interlocked.Read(ref _datagrams);

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
            Track(_socket.RunAsync());
            var reason = await WatchAsync();
            Dispose();
            while (TakeTasks() is { Length: > 0 } tasks)
            {
                await Task.WhenAll(tasks);
            }

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
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
            _ipv4?.Dispose();
            _ipv6?.Dispose();
            foreach (var lease in _bandwidth.Values)
            {
                lease.Dispose();
            }
        }

        _socket.Dispose();
        _stop.Cancel();
        if (!_isRunning)
        {
            _stop.Dispose();
        }
    }

    /// <summary>The rules in force, which a reload may have changed since the client came.</summary>
    private ForwardProxyModel Proxy => _client.Proxy.State.Current ?? _client.Proxy;

    private void Track(Task task)
    {
        lock (_lock)
        {
            _tasks.RemoveAll(static task => task.IsCompletedSuccessfully);
            _tasks.Add(task);
        }
    }

    private Task[] TakeTasks()
    {
        lock (_lock)
        {
            Task[] tasks = [.. _tasks];
            _tasks.Clear();
            return tasks;
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

    private void OnClientDatagram(Span<byte> buffer, SocketAddress sender)
    {
        ReadOnlySpan<byte> datagram = buffer[UdpRelaySocket.Headroom..];
        if (!UdpPeer.TryGetKey(sender, out var key) || key.Client != _clientKey.Client || (_clientPort != 0 && key.Port != _clientPort))
        {
            Drop(UdpDropReason.ForeignSender);
        }
        else if (!Socks5Datagram.TryParse(datagram, out var fragment, out var headerLength))
        {
            Drop(UdpDropReason.Malformed);
        }
        else if (fragment != 0)
        {
            Drop(UdpDropReason.Fragmented);
        }
        else
        {
            if (_clientAddress is null)
            {
                // Only who sends something sensible is taken for the client.
                var address = new SocketAddress(sender.Family, sender.Size);
                sender.Buffer.Span[..sender.Size].CopyTo(address.Buffer.Span);
                _clientPort = key.Port;
                Volatile.Write(ref _clientAddress, address);
            }

            Pass(datagram[Socks5Datagram.AddressStart..headerLength], datagram[headerLength..]);
        }
    }

    private void Pass(ReadOnlySpan<byte> address, ReadOnlySpan<byte> data)
    {
        UdpDestination? destination;
        var isToJudge = false;
        var proxy = Proxy;
        lock (_lock)
        {
            if (!_destinations.TryGet(address, out destination))
            {
                Drop(UdpDropReason.Malformed);
                return;
            }

            if (destination.NeedsJudgement(_context.TimeProvider.GetTimestamp(), proxy) && _judgements < MaxJudgements)
            {
                // What was allowed goes on until there is a new verdict, unless the rules have changed; what was refused waits for it.
                destination.IsJudged &= destination.Refusal is null && destination.JudgedBy == proxy;
                destination.IsJudging = isToJudge = true;
                _judgements++;
            }
        }

        if (isToJudge)
        {
            Judge(destination);
        }

        lock (_lock)
        {
            if (!destination.IsJudged || destination.JudgedBy != proxy)
            {
                Hold(destination, data);
                return;
            }

            Send(destination, data);
        }
    }

    private void Hold(UdpDestination destination, ReadOnlySpan<byte> data)
    {
        if (!destination.IsJudging || !_destinations.TryHold(destination, data))
        {
            Drop(UdpDropReason.Resolving);
        }
    }

    private void Judge(UdpDestination destination)
    {
        var judging = JudgeAsync(destination);
        if (!judging.IsCompletedSuccessfully)
        {
            Track(judging);
        }
    }

    private async Task JudgeAsync(UdpDestination destination)
    {
        while (true)
        {
            var proxy = Proxy;
            var (verdict, parent) = await GetVerdictAsync(proxy, destination.Target);
            lock (_lock)
            {
                if (proxy == Proxy || _isClosed)
                {
                    Apply(destination, verdict, parent, proxy);
                    return;
                }
            }
        }
    }

    private async ValueTask<(ForwardVerdict Verdict, UdpParent? Parent)> GetVerdictAsync(ForwardProxyModel proxy, ForwardTarget target)
    {
        try
        {
            var verdict = await _context.Dialer.JudgeAsync(proxy, _client.Ask(Configuration.ForwardCommand.UdpAssociate, target), _stop.Token);
            return verdict is { IsAllowed: true, ClusterId: { } clusterId } ? (verdict, await _parents.GetAsync(proxy, clusterId, _stop.Token)) : (verdict, null);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return (ForwardVerdict.Refused(ForwardRefusal.Failed, null), null);
        }
        catch (Exception ex)
        {
            _context.JudgementFailed(_client.State, target, ex);
            return (ForwardVerdict.Refused(ForwardRefusal.Failed, null), null);
        }
    }

    private void Apply(UdpDestination destination, in ForwardVerdict verdict, UdpParent? parent, ForwardProxyModel proxy)
    {
        _judgements--;
        var lifetime = (long)(VerdictLifetime.TotalSeconds * _context.TimeProvider.TimestampFrequency);
        (destination.IsJudging, destination.IsJudged, destination.JudgedBy) = (false, true, proxy);
        destination.ValidUntil = _context.TimeProvider.GetTimestamp() + lifetime;
        destination.Rule = verdict.Rule;
        destination.Bandwidth = _isClosed ? null : LeaseOf(verdict.Rule?.Bandwidth);
        (destination.Parent, destination.ParentHeader) = (parent, parent is null ? [] : WriteHeader(ForParent(destination.Target, verdict)));
        parent?.Bandwidth = destination.Bandwidth;
        destination.Refusal = verdict switch
        {
            { Refusal: ForwardRefusal.RuleDenied or ForwardRefusal.GuardDenied or ForwardRefusal.Loop } => UdpDropReason.DestinationDenied,
            { IsAllowed: false } => UdpDropReason.ConnectFailed,
            { ClusterId: not null } => parent is null ? UdpDropReason.NoDestination : null,
            { Addresses.Count: 0 } => UdpDropReason.ConnectFailed,
            _ => null,
        };
        SetPeer(destination, destination.Refusal is null && parent is null ? verdict.Addresses : []);
        _context.Judged(_client.State, destination.Target, verdict, destination.Refusal);
        while (_destinations.TryRelease(destination, out var data))
        {
            Send(destination, data);
        }
    }

    // The address that was judged, where a rule asked for it.
    private static ForwardTarget ForParent(in ForwardTarget target, in ForwardVerdict verdict) =>
        verdict.Addresses is [var address, ..] ? new ForwardTarget(address.ToString(), address, target.Port) : target;

    /// <summary>Stays with the address in use as long as it is one of those allowed.</summary>
    private void SetPeer(UdpDestination destination, IReadOnlyList<IPAddress> addresses)
    {
        IPAddress? chosen = null;
        destination.Alternatives.Clear();
        foreach (var address in addresses)
        {
            if (chosen is null || address.Equals(destination.Peer?.EndPoint.Address))
            {
                chosen = address;
            }
        }

        foreach (var address in addresses)
        {
            if (!address.Equals(chosen))
            {
                destination.Alternatives.Enqueue(address);
            }
        }

        _destinations.SetPeer(destination, chosen is null ? null : new IPEndPoint(chosen, destination.Target.Port));
    }

    /// <summary>Sends, or drops; without waiting, so that the lock may be held.</summary>
    private void Send(UdpDestination destination, ReadOnlySpan<byte> data)
    {
        if (destination.Refusal is { } refusal)
        {
            Drop(refusal);
            return;
        }

        if (destination.Bandwidth?.Upload is { } limiter && !limiter.TryAcquire(data.Length))
        {
            Drop(UdpDropReason.Bandwidth);
            return;
        }

        var error = destination.Parent is { } parent ? parent.Send(destination.ParentHeader, data) : SendTo(destination, data);
        if (error != SocketError.Success)
        {
            Drop(UdpDropReason.SendFailed);
            return;
        }

        Interlocked.Increment(ref _datagrams);
        Interlocked.Add(ref _bytesUp, data.Length);
    }

    private SocketError SendTo(UdpDestination destination, ReadOnlySpan<byte> data)
    {
        while (destination.Peer is { } peer)
        {
            var error = SocketFor(peer.EndPoint.AddressFamily)?.Send(data, peer.SocketAddress) ?? SocketError.AddressFamilyNotSupported;
            if (error is SocketError.Success or SocketError.MessageSize or SocketError.WouldBlock or SocketError.NoBufferSpaceAvailable or SocketError.OperationAborted
                || !destination.Alternatives.TryDequeue(out var next))
            {
                return error;
            }

            _destinations.SetPeer(destination, new IPEndPoint(next, destination.Target.Port));
        }

        return SocketError.HostUnreachable;
    }

    private UdpRelaySocket? SocketFor(AddressFamily family)
    {
        ref var socket = ref family == AddressFamily.InterNetwork ? ref _ipv4 : ref _ipv6;
        if (socket is null && !_isClosed)
        {
            try
            {
                socket = UdpRelaySocket.Open(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, default, OnReply);
                Track(socket.RunAsync());
            }
            catch (SocketException)
            {
                // No such family here, or no descriptor left: the next datagram tries again.
            }
        }

        return socket;
    }

    private void OnReply(Span<byte> buffer, SocketAddress sender)
    {
        UdpPeer? peer = null;
        if (UdpPeer.TryGetKey(sender, out var key))
        {
            lock (_lock)
            {
                _destinations.TryFindPeer(key, out peer);
            }
        }

        if (peer is null)
        {
            Drop(UdpDropReason.ForeignSender);
            return;
        }

        var length = buffer.Length - UdpRelaySocket.Headroom;
        var headerLength = UdpPeer.WriteHeader(key, buffer[..UdpRelaySocket.Headroom]);
        Answer(buffer[(UdpRelaySocket.Headroom - headerLength)..], length, peer.Bandwidth);
    }

    private void OnParentReply(UdpParent parent, Span<byte> buffer, SocketAddress sender)
    {
        ReadOnlySpan<byte> datagram = buffer[UdpRelaySocket.Headroom..];
        if (!parent.IsFrom(sender))
        {
            Drop(UdpDropReason.ForeignSender);
        }
        else if (!Socks5Datagram.TryParse(datagram, out var fragment, out var headerLength))
        {
            Drop(UdpDropReason.Malformed);
        }
        else if (fragment != 0)
        {
            Drop(UdpDropReason.Fragmented);
        }
        else
        {
            Answer(datagram, datagram.Length - headerLength, parent.Bandwidth);
        }
    }

    private void Answer(ReadOnlySpan<byte> datagram, int length, BandwidthLease? bandwidth)
    {
        if (bandwidth?.Download is { } limiter && !limiter.TryAcquire(length))
        {
            Drop(UdpDropReason.Bandwidth);
        }
        else if (Volatile.Read(ref _clientAddress) is not { } client || _socket.Send(datagram, client) != SocketError.Success)
        {
            // One that grew too large by its header is among these.
            Drop(UdpDropReason.SendFailed);
        }
        else
        {
            Interlocked.Increment(ref _datagrams);
            Interlocked.Add(ref _bytesDown, length);
        }
    }

    private void OnParentOpened(UdpParent parent, Task serving)
    {
        (_client.State.ClusterId, _client.State.DestinationId) = (parent.ClusterId, parent.DestinationId);
        Track(ForgetAsync(parent, serving));
    }

    /// <summary>Destinations of a parent that is gone are judged anew, which looks for another one.</summary>
    private async Task ForgetAsync(UdpParent parent, Task serving)
    {
        await serving;
        lock (_lock)
        {
            foreach (var destination in _destinations.All)
            {
                destination.IsJudged &= destination.Parent != parent;
            }
        }
    }

    private BandwidthLease? LeaseOf(BandwidthModel? model)
    {
        if (model is null)
        {
            return null;
        }

        if (!_bandwidth.TryGetValue(model, out var lease))
        {
            _bandwidth[model] = lease = model.Rent(_client.Address);
        }

        return lease;
    }

    private static byte[] WriteHeader(in ForwardTarget target)
    {
        Span<byte> header = stackalloc byte[Socks5Datagram.MaxHeaderLength];
        Socks5Datagram.WriteHead(header);
        return header[..(Socks5Datagram.AddressStart + Socks5Address.Write(header[Socks5Datagram.AddressStart..], target))].ToArray();
    }

    private void Drop(UdpDropReason reason) => _context.Metrics.DroppedByForwardProxy(_client.Proxy.ProxyId, reason);
}
