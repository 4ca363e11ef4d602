using System;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;

namespace WmProxy.Connectors;

/// <summary>Connects one socket to one end point.</summary>
internal static class SocketConnect
{
    /// <summary>Connects, and sends <paramref name="preface"/>. The socket is closed unless the result owns it.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<ConnectResult> ConnectAsync(EndPoint endPoint, ReadOnlyMemory<byte> preface, CancellationToken cancellationToken)
    {
        Socket? socket = null;
        try
        {
            socket = Create(endPoint);
            await socket.ConnectAsync(endPoint, cancellationToken);
            var stream = new SocketTransportStream(socket);
            if (!preface.IsEmpty)
            {
                await stream.WriteAsync(preface, cancellationToken);
            }

            socket = null;
            return ConnectResult.Connected(stream);
        }
        catch (SocketException ex)
        {
            return Failed(endPoint, ex.SocketErrorCode);
        }
        finally
        {
            socket?.Dispose();
        }
    }

    private static Socket Create(EndPoint endPoint)
    {
        if (endPoint.AddressFamily == AddressFamily.Unix)
        {
            return new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        }

        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.NoDelay = true;
        return socket;
    }

    private static ConnectResult Failed(EndPoint endPoint, SocketError code)
    {
        var failure = code == SocketError.TimedOut ? ConnectionEndReason.ConnectTimeout : ConnectionEndReason.ConnectFailed;
        var isLocal = code is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.AddressNotAvailable
            or SocketError.ProcessLimit;

        // The caught exception's own message names the end point in some paths and not in others.
        return ConnectResult.Failed(failure, $"{endPoint}: {new SocketException((int)code).Message}", isLocal);
    }
}
