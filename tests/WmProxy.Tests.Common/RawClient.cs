using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Tests.Common;

/// <summary>Connects a <see cref="RawConnection"/>.</summary>
public static class RawClient
{
    public static Task<RawConnection> ConnectAsync(int port) => ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));

    /// <summary>Connects to an address as configurations have it: <c>tcp://127.0.0.1:80</c>, <c>tcp://[::1]:80</c>, <c>unix:/path</c>.</summary>
    public static Task<RawConnection> ConnectAsync(string address) => ConnectAsync(Parse(address));

    /// <summary>Connects.</summary>
    /// <param name="endPoint">Where to.</param>
    /// <param name="receiveBuffer">The bytes of the system's receive buffer: a small one makes a reader that stalls felt soon.</param>
    /// <param name="from">The client's address: on Linux all of 127/8 is this machine's, so that a test can be many clients.</param>
    public static async Task<RawConnection> ConnectAsync(EndPoint endPoint, int? receiveBuffer = null, IPAddress? from = null)
    {
        var isUnix = endPoint is UnixDomainSocketEndPoint;
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, isUnix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        try
        {
            if (receiveBuffer is { } size)
            {
                socket.ReceiveBufferSize = size;
            }

            if (from is not null)
            {
                socket.Bind(new IPEndPoint(from, 0));
            }

            using var deadline = new CancellationTokenSource(Deadline.Default);
            await socket.ConnectAsync(endPoint, deadline.Token);
            return new RawConnection(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Whether nobody listens there.</summary>
    public static async Task<bool> IsRefusedAsync(EndPoint endPoint)
    {
        try
        {
            using var connection = await ConnectAsync(endPoint);
            return false;
        }
        catch (SocketException ex) when (ex.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset)
        {
            return true;
        }
    }

    internal static EndPoint Parse(string address)
    {
        if (address.StartsWith("unix:", StringComparison.Ordinal))
        {
            return new UnixDomainSocketEndPoint(address["unix:".Length..]);
        }

        return IPEndPoint.Parse(address[(address.IndexOf("://", StringComparison.Ordinal) + 3)..].TrimEnd('/'));
    }
}
