using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using WmProxy.Native;

namespace WmProxy.Udp.Portable;

/// <summary>
/// Sends replies to clients through the listening socket, without waiting: what the system has no room for is lost, as in any other queue on the way. Where
/// the socket has several addresses, replies come from the one that the client talks to on Linux; other systems choose by their routes, since .NET has no
/// way to say it.
/// </summary>
internal sealed class ReplySender
{
    private readonly Lock _lock = new();
    private readonly Socket _socket;
    private readonly SocketAddress _address;
    private readonly DatagramBatch? _batch;

    public ReplySender(Socket socket, bool hasSeveralAddresses)
    {
        _socket = socket;
        _address = new SocketAddress(socket.AddressFamily);
        if (OperatingSystem.IsLinux() && hasSeveralAddresses)
        {
            _batch = new DatagramBatch();
        }
    }

    /// <summary>Sends <paramref name="datagram"/> to the client of <paramref name="key"/>; whether the system took it.</summary>
    public bool TrySend(ReadOnlySpan<byte> datagram, in UdpSessionKey key)
    {
        lock (_lock)
        {
            try
            {
                if (_batch is not null && OperatingSystem.IsLinux() && key.Local != default)
                {
                    return TrySendFrom(datagram, key);
                }

                // The first two bytes, the family, are the system's and stay.
                Span<byte> client = stackalloc byte[28];
                var length = key.WriteClient(
                    _socket.AddressFamily == AddressFamily.InterNetworkV6 ? SocketAddressBytes.IPv6Family : SocketAddressBytes.IPv4Family, client);
                client[2..length].CopyTo(_address.Buffer.Span[2..]);
                return _socket.SendTo(datagram, SocketFlags.None, _address) == datagram.Length;
            }
            catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
            {
                return false;
            }
        }
    }

    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    private bool TrySendFrom(ReadOnlySpan<byte> datagram, in UdpSessionKey key)
    {
        Span<byte> client = stackalloc byte[28];
        var family = _socket.AddressFamily == AddressFamily.InterNetworkV6 ? SocketAddressBytes.IPv6Family : SocketAddressBytes.IPv4Family;
        var length = key.WriteClient(family, client);
        _batch!.Set(0, datagram);
        _batch.ToPeer(0, client[..length], key.Local, key.Interface);
        var isHeld = false;
        try
        {
            _socket.SafeHandle.DangerousAddRef(ref isHeld);
            return _batch.Send((int)_socket.SafeHandle.DangerousGetHandle(), 0, 1, out _) == 0;
        }
        finally
        {
            if (isHeld)
            {
                _socket.SafeHandle.DangerousRelease();
            }
        }
    }
}
