using System;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Listeners;
using WmProxy.Native;

namespace WmProxy.Relay.Linux;

/// <summary>Connects sockets of an event loop.</summary>
[SupportedOSPlatform("linux")]
internal static class LinuxConnect
{
    private const int UnixFamily = 1; // AF_UNIX
    private const int Stream = 1; // SOCK_STREAM

    /// <summary>Connects to <paramref name="endPoint"/>; the code that awaits it on the loop's thread goes on there.</summary>
    /// <exception cref="SocketException">There is no connection, and no socket either.</exception>
    /// <exception cref="OperationCanceledException">Likewise.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<LinuxSocketStream> ConnectAsync(EventLoop loop, EndPoint endPoint, CancellationToken cancellationToken, bool sparesReserve = false)
    {
        await loop.Enter();
        cancellationToken.ThrowIfCancellationRequested();
        var (stream, isConnected) = Start(loop, endPoint, sparesReserve);
        if (isConnected)
        {
            return stream;
        }

        var error = Libc.Eintr;
        try
        {
            error = await stream.WaitForConnectAsync(cancellationToken);
        }
        finally
        {
            if (error != 0)
            {
                stream.Close(reset: false);
            }
        }

        return error == 0 ? stream : throw Errno.ToException(error);
    }

    private static (LinuxSocketStream Stream, bool IsConnected) Start(EventLoop loop, EndPoint endPoint, bool sparesReserve)
    {
        var isTcp = endPoint.AddressFamily != AddressFamily.Unix;
        var family = endPoint.AddressFamily switch
        {
            AddressFamily.Unix => UnixFamily,
            AddressFamily.InterNetworkV6 => SocketAddressBytes.IPv6Family,
            _ => SocketAddressBytes.IPv4Family,
        };
        Span<byte> address = stackalloc byte[SocketAddressBytes.MaxLength];
        var length = SocketAddressBytes.Write(endPoint, address);
        var descriptor = LinuxSocket.Open(family, Stream);
        if (descriptor < 0)
        {
            throw Errno.ToException(-descriptor);
        }

        if (sparesReserve && DescriptorReserve.IsTouchedBy(descriptor))
        {
            _ = LinuxSocket.Close(descriptor);
            throw Errno.ToException(LinuxSocket.Emfile);
        }

        if (isTcp)
        {
            _ = LinuxSocket.SetOption(descriptor, LinuxSocket.TcpLevel, LinuxSocket.NoDelayOption, 1);
            _ = LinuxSocket.SetOption(descriptor, LinuxSocket.SocketLevel, LinuxSocket.UrgentInlineOption, 1);
        }

        var result = LinuxSocket.Connect(descriptor, address[..length]);
        if (result == -LinuxSocket.Einprogress)
        {
            // Within this machine the answer came meanwhile, and asking is cheaper than waiting; elsewhere it is one cheap call more.
            result = LinuxSocket.Connect(descriptor, address[..length]);
        }

        if (result < 0 && result != -LinuxSocket.Ealready && result != -LinuxSocket.Einprogress)
        {
            _ = LinuxSocket.Close(descriptor);
            throw Errno.ToException(-result);
        }

        var stream = LinuxSocketStream.TryAdopt(loop, descriptor, isTcp, out var error) ?? throw Errno.ToException(error);
        return (stream, result == 0);
    }
}
