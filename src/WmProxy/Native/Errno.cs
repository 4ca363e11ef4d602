using System.Net.Sockets;

namespace WmProxy.Native;

/// <summary>errno(3) of sockets, as .NET's sockets would throw it.</summary>
internal static class Errno
{
    public static SocketException ToException(int errno) => new((int)ToSocketError(errno));

    public static SocketError ToSocketError(int errno)
    {
        return errno switch
        {
            1 or 13 => SocketError.AccessDenied, // EPERM, EACCES
            4 => SocketError.Interrupted, // EINTR
            9 => SocketError.OperationAborted, // EBADF
            11 => SocketError.WouldBlock, // EAGAIN
            12 or 105 => SocketError.NoBufferSpaceAvailable, // ENOMEM, ENOBUFS
            2 or 99 => SocketError.AddressNotAvailable, // ENOENT (no such path), EADDRNOTAVAIL
            22 => SocketError.InvalidArgument, // EINVAL
            23 or 24 => SocketError.TooManyOpenSockets, // ENFILE, EMFILE
            32 => SocketError.Shutdown, // EPIPE
            90 => SocketError.MessageSize, // EMSGSIZE
            97 => SocketError.AddressFamilyNotSupported, // EAFNOSUPPORT
            98 => SocketError.AddressAlreadyInUse, // EADDRINUSE
            100 => SocketError.NetworkDown, // ENETDOWN
            101 => SocketError.NetworkUnreachable, // ENETUNREACH
            103 => SocketError.ConnectionAborted, // ECONNABORTED
            104 => SocketError.ConnectionReset, // ECONNRESET
            107 => SocketError.NotConnected, // ENOTCONN
            110 => SocketError.TimedOut, // ETIMEDOUT
            111 => SocketError.ConnectionRefused, // ECONNREFUSED
            112 => SocketError.HostDown, // EHOSTDOWN
            113 => SocketError.HostUnreachable, // EHOSTUNREACH
            _ => SocketError.SocketError,
        };
    }
}
