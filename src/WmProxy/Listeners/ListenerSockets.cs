using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using WmProxy.Configuration;
using WmProxy.Native;

namespace WmProxy.Listeners;

/// <summary>Opens the listening sockets of an address: two for <c>localhost</c>, one otherwise.</summary>
internal static class ListenerSockets
{
    private const int Backlog = 4096;

    // statx(2) and inode(7): AT_FDCWD, AT_SYMLINK_NOFOLLOW, STATX_TYPE, S_IFMT, S_IFSOCK.
    private const int CurrentFolder = -100;
    private const int DoNotFollow = 0x100;
    private const uint TypeMask = 1;
    private const int TypeMode = 0xF000;
    private const int SocketMode = 0xC000;

    // socket(7).
    private const int SocketLevel = 1; // SOL_SOCKET
    private const int ReusePort = 15; // SO_REUSEPORT

    /// <summary>Binds and listens.</summary>
    /// <param name="address">Where, with a single port.</param>
    /// <param name="isShareable">Whether <see cref="OpenShare"/> may follow (Linux only).</param>
    /// <exception cref="SocketException">The address cannot be bound; nothing is left open.</exception>
    /// <exception cref="IOException">A file that is not a socket is in the way of a Unix domain socket.</exception>
    public static IReadOnlyList<Socket> Open(ListenAddress address, bool isShareable = false)
    {
        return address switch
        {
            { Scheme: ListenScheme.Unix } => [OpenUnix(address.Host)],
            { Host: "*" } => [Open(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, address.FirstPort, isShareable)],
            { Host: "localhost" } => LoopbackSockets.Open(address.FirstPort, (ip, port) => Open(ip, port, isShareable)),
            _ => [Open(IPAddress.Parse(address.Host), address.FirstPort, isShareable)],
        };
    }

    /// <summary>
    /// A socket that listens where <paramref name="first"/> does: the system gives each new connection to one of them (SO_REUSEPORT, socket(7)).
    /// </summary>
    public static Socket OpenShare(Socket first)
    {
        var endPoint = (IPEndPoint)first.LocalEndPoint!;
        return Open(endPoint.Address, endPoint.Port, isShareable: true, isFirst: false);
    }

    private static Socket Open(IPAddress address, int port, bool isShareable, bool isFirst = true)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
            {
                // `*` takes both families with one socket; `[::1]` and other addresses only their own.
                socket.DualMode = address.Equals(IPAddress.IPv6Any);
            }

            // Accepted sockets inherit both (tcp(7)), which saves a call on each. Urgent data has its place among the other bytes; out of it, it would be lost.
            socket.NoDelay = true;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.OutOfBandInline, true);
            if (isShareable && !isFirst)
            {
                SetReusePort(socket);
            }

            socket.Bind(new IPEndPoint(address, port));

            // The first one only now: with it, binding would succeed on a port that another program, or another copy of this one, shares out likewise.
            if (isShareable && isFirst)
            {
                SetReusePort(socket);
            }

            socket.Listen(Backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void SetReusePort(Socket socket)
    {
        var on = 1;
        socket.SetRawSocketOption(SocketLevel, ReusePort, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in on)));
    }

    private static Socket OpenUnix(string path)
    {
        var endPoint = new UnixDomainSocketEndPoint(path);
        if (File.Exists(path))
        {
            RemoveStale(path, endPoint);
        }

        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(endPoint);
            socket.Listen(Backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // A process that was killed leaves its socket file behind; only a file on which nobody listens is removed.
    private static void RemoveStale(string path, UnixDomainSocketEndPoint endPoint)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // A listener whose queue is full would keep a blocking connect(2) waiting for ever.
            probe.Blocking = false;
            probe.Connect(endPoint);
        }
        catch (SocketException ex) when (ex.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress or SocketError.TryAgain)
        {
            // Somebody listens, and is busy.
        }
        catch (SocketException ex) when (ex.SocketErrorCode == SocketError.ConnectionRefused)
        {
            if (!IsSocket(path))
            {
                throw new IOException($"The file {path} exists and is not a socket.");
            }

            File.Delete(path);
            return;
        }

        throw new SocketException((int)SocketError.AddressAlreadyInUse);
    }

    private static unsafe bool IsSocket(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return new FileInfo(path).Length == 0;
        }

        LinuxFileCalls.StatXResult result;
        return LinuxFileCalls.StatX(CurrentFolder, path, DoNotFollow, TypeMask, &result) == 0 && (result.Mode & TypeMode) == SocketMode;
    }
}
