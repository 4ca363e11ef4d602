using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Connections;

/// <summary>A connected TCP or Unix domain socket, which it owns.</summary>
internal sealed class SocketTransportStream : TransportStream
{
    // tcp(7), TCP_INFO: the first byte is the state of the connection; TCP_CLOSE as in netinet/tcp.h.
    private const int TcpLevel = 6;
    private const int TcpInfo = 11;
    private const byte TcpClose = 7;

    // Members of struct tcp_info of linux/tcp.h, which only ever grows at its end: tcpi_unacked, tcpi_bytes_acked, tcpi_notsent_bytes.
    private const int UnacknowledgedOffset = 24;
    private const int AcknowledgedOffset = 120;
    private const int NotSentOffset = 144;

    private readonly Socket _socket;

    public SocketTransportStream(Socket socket) => _socket = socket;

    public override Socket RawSocket => _socket;

    public override bool IsResetBehindEnd
    {
        get
        {
            if (!OperatingSystem.IsLinux() || _socket.AddressFamily == AddressFamily.Unix)
            {
                return false;
            }

            // A peer that ended its direction leaves us in CLOSE_WAIT; only a reset closes the connection without our own FIN.
            Span<byte> info = stackalloc byte[1];
            return _socket.GetRawSocketOption(TcpLevel, TcpInfo, info) > 0 && info[0] == TcpClose;
        }
    }

    public override long? AcknowledgedWhilePending
    {
        get
        {
            if (!OperatingSystem.IsLinux() || _socket.AddressFamily == AddressFamily.Unix)
            {
                return null;
            }

            try
            {
                Span<byte> info = stackalloc byte[NotSentOffset + sizeof(int)];
                var isPending = _socket.GetRawSocketOption(TcpLevel, TcpInfo, info) == info.Length
                    && (BitConverter.ToInt32(info[UnacknowledgedOffset..]) != 0 || BitConverter.ToInt32(info[NotSentOffset..]) != 0);
                return isPending ? BitConverter.ToInt64(info[AcknowledgedOffset..]) : null;
            }
            catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
            {
                return null;
            }
        }
    }

    public override bool HasInput
    {
        get
        {
            try
            {
                return !Buffered.IsEmpty || _socket.Poll(0, SelectMode.SelectRead);
            }
            catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
            {
                return true;
            }
        }
    }

    public override EndPoint? GetLocalEndPoint()
    {
        try
        {
            return _socket.LocalEndPoint.Unmap();
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            // Gone already; nobody will need it.
            return null;
        }
    }

    public override EndPoint? GetRemoteEndPoint()
    {
        try
        {
            return _socket.RemoteEndPoint.Unmap();
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            // As above.
            return null;
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            buffer = buffer[await _socket.SendAsync(buffer, SocketFlags.None, cancellationToken)..];
        }
    }

    public override ValueTask CompleteWritesAsync(CancellationToken cancellationToken)
    {
        _socket.Shutdown(SocketShutdown.Send);
        return ValueTask.CompletedTask;
    }

    public override void Abort()
    {
        try
        {
            // With a linger time of 0, close sends RST and drops what was not sent.
            _socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            // Already closed, or the peer already reset it.
        }

        _socket.Dispose();
    }

    protected override ValueTask<int> ReadCoreAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        _socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _socket.Dispose();
        }

        base.Dispose(disposing);
    }
}
