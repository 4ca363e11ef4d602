using System;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
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
    private readonly int _family;
    private readonly DatagramBatch? _batch;

    public ReplySender(Socket socket, bool hasSeveralAddresses)
    {
        _socket = socket;
        _address = new SocketAddress(socket.AddressFamily);
        _family = socket.AddressFamily == AddressFamily.InterNetworkV6 ? SocketAddressBytes.IPv6Family : SocketAddressBytes.IPv4Family;
        if (OperatingSystem.IsLinux() && hasSeveralAddresses)
        {
            _batch = new DatagramBatch(capacity: 1);
        }
    }

    /// <summary>Sends <paramref name="datagram"/> to the client of <paramref name="key"/>; whether the system took it.</summary>
    public bool TrySend(ReadOnlySpan<byte> datagram, in UdpSessionKey key)
    {
        Span<byte> client = stackalloc byte[28];
        client = client[..key.WriteClient(_family, client)];
        lock (_lock)
        {
            try
            {
                if (_batch is not null && OperatingSystem.IsLinux() && key.Local != default)
                {
                    return TrySendFrom(_batch, datagram, client, key);
                }

                // The first two bytes, the family, are the system's and stay.
                client[2..].CopyTo(_address.Buffer.Span[2..]);
                return _socket.SendTo(datagram, SocketFlags.None, _address) == datagram.Length;
            }
            catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
            {
                return false;
            }
        }
    }

    [SupportedOSPlatform("linux")]
    private bool TrySendFrom(DatagramBatch batch, ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> client, in UdpSessionKey key)
    {
        batch.Set(0, datagram);
        batch.ToPeer(0, client, key.Local, key.Interface);
        var isHeld = false;
        try
        {
            _socket.SafeHandle.DangerousAddRef(ref isHeld);
            var sent = default(DatagramsSent);
            batch.Send((int)_socket.SafeHandle.DangerousGetHandle(), 0, 1, ref sent);
            return sent.Failed == 0;
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
