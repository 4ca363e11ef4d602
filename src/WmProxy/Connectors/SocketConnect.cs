using System;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Listeners;
using WmProxy.Relay.Linux;

namespace WmProxy.Connectors;

/// <summary>Connects one socket to one end point.</summary>
internal static class SocketConnect
{
    /// <summary>Connects, and sends <paramref name="preface"/>. The socket is closed unless the result owns it.</summary>
    /// <param name="endPoint">Where to.</param>
    /// <param name="beside">The connection whose engine is to open this one too; <see langword="null"/> for .NET's sockets.</param>
    /// <param name="preface">The first bytes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="sparesReserve">As in <see cref="ConnectRequest.SparesReserve"/>.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<ConnectResult> ConnectAsync(
        EndPoint endPoint, TransportStream? beside, ReadOnlyMemory<byte> preface, CancellationToken cancellationToken, bool sparesReserve = false)
    {
        TransportStream? stream = null;
        try
        {
            stream = OperatingSystem.IsLinux() && beside is LinuxSocketStream { Loop: var loop }
                ? await LinuxConnect.ConnectAsync(loop, endPoint, cancellationToken, sparesReserve)
                : await ConnectAsync(endPoint, sparesReserve, cancellationToken);
            if (!preface.IsEmpty)
            {
                await stream.WriteAsync(preface, cancellationToken);
            }

            var connected = stream;
            stream = null;
            return ConnectResult.Connected(connected);
        }
        catch (SocketException ex)
        {
            return Failed(endPoint, ex.SocketErrorCode);
        }
        finally
        {
            stream?.Dispose();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<TransportStream> ConnectAsync(EndPoint endPoint, bool sparesReserve, CancellationToken cancellationToken)
    {
        var socket = Create(endPoint);
        try
        {
            if (sparesReserve)
            {
                DescriptorReserve.ThrowIfTouchedBy(socket);
            }

            await socket.ConnectAsync(endPoint, cancellationToken);
            var stream = new SocketTransportStream(socket);
            socket = null;
            return stream;
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
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.OutOfBandInline, true);
        return socket;
    }

    private static ConnectResult Failed(EndPoint endPoint, SocketError code)
    {
        var failure = code == SocketError.TimedOut ? ConnectionEndReason.ConnectTimeout : ConnectionEndReason.ConnectFailed;

        // Of a path it says that there is none, which is the destination's fault.
        var isLocal = code is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.ProcessLimit
            || (code == SocketError.AddressNotAvailable && endPoint is IPEndPoint);

        // The caught exception's own message names the end point in some paths and not in others.
        return ConnectResult.Failed(failure, $"{endPoint}: {new SocketException((int)code).Message}", isLocal) with { Code = code };
    }
}
