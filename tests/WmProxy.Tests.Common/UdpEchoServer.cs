using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Tests.Common;

/// <summary>Sends each datagram back to where it came from, with its own name in front, if it has one (RFC 862).</summary>
public sealed class UdpEchoServer : IAsyncDisposable
{
    private readonly UdpPeer _peer;
    private readonly byte[] _name;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<IPEndPoint, int> _senders = new();
    private readonly Task _echoing;

    /// <param name="name">What stands in front of every answer.</param>
    /// <param name="address">The address to bind to. Default: 127.0.0.1.</param>
    /// <param name="port">The port to bind to. Default: any.</param>
    public UdpEchoServer(string name = "", string address = "127.0.0.1", int port = 0)
    {
        _peer = new UdpPeer(address, port);
        _name = System.Text.Encoding.UTF8.GetBytes(name);
        (EndPoint, Address) = (_peer.EndPoint, _peer.Address);
        _echoing = Task.Run(EchoAsync);
    }

    public IPEndPoint EndPoint { get; }

    public int Port => EndPoint.Port;

    /// <inheritdoc cref="UdpPeer.Address"/>
    public string Address { get; }

    /// <summary>Where datagrams came from.</summary>
    public IReadOnlyCollection<IPEndPoint> Senders => [.. _senders.Keys];

    /// <summary>How many datagrams came.</summary>
    public int Count => _senders.Values.Sum();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _echoing.Within();
        _peer.Dispose();
    }

    private async Task EchoAsync()
    {
        var buffer = new byte[65536 + _name.Length];
        _name.CopyTo(buffer, 0);
        var any = new IPEndPoint(_peer.Socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var received = await _peer.Socket.ReceiveFromAsync(buffer.AsMemory(_name.Length), SocketFlags.None, any, _stop.Token);
                _senders.AddOrUpdate((IPEndPoint)received.RemoteEndPoint, 1, (_, count) => count + 1);
                await _peer.Socket.SendToAsync(buffer.AsMemory(0, _name.Length + received.ReceivedBytes), received.RemoteEndPoint);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // An answer that is too large with the name in front, or whose receiver is gone.
            }
        }
    }
}
