using System;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using WmProxy.Configuration.Values;
using WmProxy.Listeners;

namespace WmProxy.Socks.UdpAssociate;

/// <summary>
/// A socket of an association. While it waits it holds no buffer; datagrams are handed on, on whatever thread they come, one after the other, and sent
/// without waiting: what the system has no room for is lost, as in any other queue on the way.
/// </summary>
internal sealed class UdpRelaySocket : IDisposable
{
    /// <summary>Free bytes in front of every datagram that is received: room for a header.</summary>
    public const int Headroom = 32;

    /// <summary>More than any datagram has, so that none is cut.</summary>
    public const int MaxDatagram = 65536;

    private const int MaxPerTurn = 32;

    [ThreadStatic]
    private static byte[]? _threadBuffer;

    private readonly Socket _socket;
    private readonly SocketAddress _sender;
    private readonly Receiver _receiver;

    private UdpRelaySocket(Socket socket, Receiver receiver)
    {
        (_socket, _receiver) = (socket, receiver);
        _sender = new SocketAddress(socket.AddressFamily);
    }

    /// <summary>Takes a datagram; what it is given is good until it returns.</summary>
    /// <param name="buffer">The datagram, with <see cref="Headroom"/> bytes in front.</param>
    /// <param name="sender">Who sent it.</param>
    public delegate void Receiver(Span<byte> buffer, SocketAddress sender);

    public IPEndPoint LocalEndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    /// <summary>Opens a socket on one of <paramref name="ports"/>, beginning anywhere among them, so that one association does not tell the next one's port.</summary>
    /// <exception cref="SocketException">None of them is free, or the address is none of this machine's.</exception>
    public static UdpRelaySocket Open(IPAddress address, PortRange ports, Receiver receiver)
    {
        var count = ports.Last - ports.First + 1;
        var start = Random.Shared.Next(count);
        for (var i = 0; ; i++)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
            try
            {
                DescriptorReserve.ThrowIfTouchedBy(socket);
                if (address.AddressFamily == AddressFamily.InterNetworkV6)
                {
                    socket.DualMode = false;
                }

                socket.Bind(new IPEndPoint(address, ports.First + ((start + i) % count)));
                return new UdpRelaySocket(socket, receiver);
            }
            catch (SocketException ex) when (ex.SocketErrorCode == SocketError.AddressAlreadyInUse && i + 1 < count)
            {
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }

    /// <summary>Sends a datagram; <see cref="SocketError.Success"/> when the system took it.</summary>
    public SocketError Send(ReadOnlySpan<byte> datagram, SocketAddress receiver)
    {
        try
        {
            _socket.SendTo(datagram, SocketFlags.None, receiver);
            return SocketError.Success;
        }
        catch (SocketException ex)
        {
            return ex.SocketErrorCode;
        }
        catch (ObjectDisposedException)
        {
            return SocketError.OperationAborted;
        }
    }

    /// <summary>Receives until the socket is closed.</summary>
    public async Task RunAsync()
    {
        while (true)
        {
            try
            {
                // Waits without taking anything.
                await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.Peek);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException ex) when (ex.SocketErrorCode == SocketError.OperationAborted)
            {
                return;
            }
            catch (SocketException)
            {
                // There is one, and it is larger than nothing; or what became of something sent earlier, which the next receive takes off.
            }

            if (!Receive())
            {
                return;
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private bool Receive()
    {
        var buffer = _threadBuffer ??= GC.AllocateUninitializedArray<byte>(Headroom + MaxDatagram, pinned: true);
        try
        {
            var left = MaxPerTurn;
            do
            {
                _sender.Size = SocketAddress.GetMaximumAddressSize(_socket.AddressFamily);
                var count = _socket.ReceiveFrom(buffer.AsSpan(Headroom), SocketFlags.None, _sender);
                _receiver(buffer.AsSpan(0, Headroom + count), _sender);
            }
            while (--left > 0 && _socket.Available > 0);

            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
        catch (SocketException ex)
        {
            // Nothing there after all, or what became of something sent earlier.
            return ex.SocketErrorCode is not (SocketError.OperationAborted or SocketError.Interrupted or SocketError.NotSocket);
        }
    }
}
