using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;

namespace WmProxy.Listeners;

/// <summary>Opens the two sockets of <c>localhost</c>, on one port.</summary>
internal static class LoopbackSockets
{
    // How often another free port is tried when the one that IPv4 got is taken for IPv6.
    private const int FreePortAttempts = 10;

    /// <summary>Opens one socket for each loopback address that this machine has.</summary>
    /// <param name="port">The port; 0 for a free one.</param>
    /// <param name="open">Opens the socket of an address and a port.</param>
    /// <exception cref="SocketException">An address cannot be bound; nothing is left open.</exception>
    public static IReadOnlyList<Socket> Open(int port, Func<IPAddress, int, Socket> open)
    {
        for (var attempt = 1; ; attempt++)
        {
            var first = open(IPAddress.Loopback, port);
            if (!Socket.OSSupportsIPv6)
            {
                return [first];
            }

            try
            {
                return [first, open(IPAddress.IPv6Loopback, ((IPEndPoint)first.LocalEndPoint!).Port)];
            }
            catch (SocketException ex) when (ex.SocketErrorCode == SocketError.AddressNotAvailable)
            {
                // IPv6 is compiled in, but this machine has no ::1.
                return [first];
            }
            catch (SocketException ex) when (ex.SocketErrorCode == SocketError.AddressAlreadyInUse && port == 0 && attempt < FreePortAttempts)
            {
                first.Dispose();
            }
            catch
            {
                first.Dispose();
                throw;
            }
        }
    }
}
