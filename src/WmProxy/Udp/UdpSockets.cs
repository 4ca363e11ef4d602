using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using WmProxy.Configuration;
using WmProxy.Listeners;

namespace WmProxy.Udp;

/// <summary>Opens the sockets of a UDP address: two for <c>localhost</c>, one otherwise.</summary>
internal static class UdpSockets
{
    // A burst while the thread is busy elsewhere waits here instead of being lost, and so do the replies to all clients where the network is slower.
    private const int BufferSize = 4 * 1024 * 1024;

    private const int SocketLevel = 1; // SOL_SOCKET
    private const int ReusePort = 15; // SO_REUSEPORT
    private const int ForceSendBuffer = 32; // SO_SNDBUFFORCE: beyond net.core.wmem_max, with CAP_NET_ADMIN
    private const int ForceReceiveBuffer = 33; // SO_RCVBUFFORCE
    private const int MaxDiscarded = 10_000;

    /// <summary>Binds.</summary>
    /// <exception cref="SocketException">The address cannot be bound; nothing is left open.</exception>
    public static IReadOnlyList<Socket> Open(ListenAddress address, bool isShareable)
    {
        return address.Host switch
        {
            "*" => [Open(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, address.FirstPort, isShareable)],
            "localhost" => LoopbackSockets.Open(address.FirstPort, (ip, port) => Open(ip, port, isShareable)),
            var host => [Open(IPAddress.Parse(host), address.FirstPort, isShareable)],
        };
    }

    /// <summary>A socket that is bound where <paramref name="first"/> is: the system shares the clients out among them (SO_REUSEPORT, socket(7)).</summary>
    public static Socket OpenShare(Socket first)
    {
        var endPoint = (IPEndPoint)first.LocalEndPoint!;
        return Open(endPoint.Address, endPoint.Port, isShareable: true, isFirst: false);
    }

    /// <summary>Whether datagrams to several addresses of this machine come in on a socket that is bound to <paramref name="endPoint"/>.</summary>
    public static bool HasSeveralAddresses(IPEndPoint endPoint) => endPoint.Address.Equals(IPAddress.IPv6Any) || endPoint.Address.Equals(IPAddress.Any);

    /// <summary>
    /// Drops what came while <paramref name="first"/> was alone: from now on the system may give another socket the datagrams of the same client, which would
    /// have two sessions then.
    /// </summary>
    public static void Discard(Socket first)
    {
        first.Blocking = false;

        // Not into nothing: .NET only looks then.
        Span<byte> buffer = stackalloc byte[1];
        for (var i = 0; i < MaxDiscarded; i++)
        {
            first.Receive(buffer, SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
            {
                return;
            }
        }
    }

    private static Socket Open(IPAddress address, int port, bool isShareable, bool isFirst = true)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            var isWildcard = HasSeveralAddresses(new IPEndPoint(address, port));
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
            {
                // `*` takes both families with one socket; `[::1]` and other addresses only their own.
                socket.DualMode = isWildcard;
            }

            if (isWildcard)
            {
                // Replies must come from the address that the client talked to, which only the datagram tells.
                var level = address.AddressFamily == AddressFamily.InterNetworkV6 ? SocketOptionLevel.IPv6 : SocketOptionLevel.IP;
                socket.SetSocketOption(level, SocketOptionName.PacketInformation, true);
            }

            SetBuffers(socket);
            if (isShareable && !isFirst)
            {
                SetOption(socket, ReusePort, 1);
            }

            socket.Bind(new IPEndPoint(address, port));

            // The first one only now: with it, binding would succeed on a port that another program, or another copy of this one, shares out likewise.
            if (isShareable && isFirst)
            {
                SetOption(socket, ReusePort, 1);
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void SetBuffers(Socket socket)
    {
        socket.ReceiveBufferSize = BufferSize;
        socket.SendBufferSize = BufferSize;
        if (OperatingSystem.IsLinux())
        {
            try
            {
                SetOption(socket, ForceReceiveBuffer, BufferSize);
                SetOption(socket, ForceSendBuffer, BufferSize);
            }
            catch (SocketException)
            {
                // Not permitted: net.core.rmem_max and wmem_max are the limits.
            }
        }
    }

    private static void SetOption(Socket socket, int option, int value) =>
        socket.SetRawSocketOption(SocketLevel, option, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));
}
