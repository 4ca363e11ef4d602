using System;
using System.Buffers;
using System.IO;
using System.IO.Hashing;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Tests.Common;

/// <summary>
/// One end of a connection with nothing between the test and the socket. It tells a FIN from a RST, also when the RST is first noticed by
/// a send: the kernel reports it once only, and a read after that looks like an orderly end. Every wait is bound by <see cref="Deadline"/>.
/// </summary>
public sealed class RawConnection : IDisposable
{
    private volatile bool _resetSeen;
    private volatile bool _halfClosed;

    public RawConnection(Socket socket)
    {
        Socket = socket;
        if (socket.AddressFamily != AddressFamily.Unix)
        {
            socket.NoDelay = true;
        }
    }

    public Socket Socket { get; }

    public EndPoint LocalEndPoint => Socket.LocalEndPoint!;

    public EndPoint RemoteEndPoint => Socket.RemoteEndPoint!;

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Sends all of <paramref name="data"/>; throws <see cref="SocketException"/> when the peer is gone.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> data)
    {
        if (!await TrySendAsync(data))
        {
            throw new SocketException((int)SocketError.ConnectionReset);
        }
    }

    /// <summary>Sends all of <paramref name="data"/>; false when the peer is gone.</summary>
    public async Task<bool> TrySendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default)
    {
        using var deadline = Bound(Deadline.Default, cancellationToken);
        try
        {
            while (!data.IsEmpty)
            {
                data = data[await Socket.SendAsync(data, SocketFlags.None, deadline.Token)..];
            }

            return true;
        }
        catch (SocketException ex) when (IsReset(ex))
        {
            _resetSeen = true;
            return false;
        }
    }

    /// <summary>Sends each byte on its own, with other work let in between; the network may still put some together.</summary>
    public async Task DribbleAsync(ReadOnlyMemory<byte> data)
    {
        for (var i = 0; i < data.Length; i++)
        {
            await SendAsync(data.Slice(i, 1));
            await Task.Yield();
        }
    }

    /// <summary>Sends <paramref name="length"/> bytes of <see cref="TestData"/>; returns how many the system took before the peer was gone.</summary>
    public async Task<long> SendTestDataAsync(long length, ulong seed = 1, CancellationToken cancellationToken = default)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);
        using var deadline = Bound(Deadline.Bulk, cancellationToken);
        var offset = 0L;
        try
        {
            while (offset < length)
            {
                var piece = buffer.AsMemory(0, (int)Math.Min(buffer.Length, length - offset));
                TestData.Fill(piece.Span, offset, seed);
                while (!piece.IsEmpty)
                {
                    var sent = await Socket.SendAsync(piece, SocketFlags.None, deadline.Token);
                    piece = piece[sent..];
                    offset += sent;
                }
            }
        }
        catch (SocketException ex) when (IsReset(ex))
        {
            _resetSeen = true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return offset;
    }

    /// <summary>Receives once, whatever is there; <see cref="ReadEnd.Open"/> when there were bytes.</summary>
    public async Task<(int Count, ReadEnd End)> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var deadline = Bound(Deadline.Default, cancellationToken);
        return await ReceiveCoreAsync(buffer, deadline.Token);
    }

    /// <summary>Receives exactly <paramref name="count"/> bytes; throws <see cref="EndOfStreamException"/> that says how it ended before that.</summary>
    public async Task<byte[]> ReadExactlyAsync(int count)
    {
        var data = new byte[count];
        using var deadline = Bound(Deadline.Default);
        for (var have = 0; have < count;)
        {
            var (read, end) = await ReceiveCoreAsync(data.AsMemory(have), deadline.Token);
            if (end != ReadEnd.Open)
            {
                throw new EndOfStreamException($"{end} after {have} of {count} bytes.");
            }

            have += read;
        }

        return data;
    }

    /// <summary>Receives up to and with <paramref name="delimiter"/>, byte by byte so that nothing behind it is taken.</summary>
    public async Task<string> ReadUntilAsync(string delimiter, int maxBytes = 64 * 1024)
    {
        var text = new StringBuilder();
        while (text.Length < maxBytes)
        {
            text.Append((char)(await ReadExactlyAsync(1))[0]);
            if (text.ToString(Math.Max(0, text.Length - delimiter.Length), Math.Min(text.Length, delimiter.Length)) == delimiter)
            {
                return text.ToString();
            }
        }

        throw new InvalidDataException($"No {delimiter} within {maxBytes} bytes.");
    }

    /// <summary>Receives until the peer ends or resets its direction.</summary>
    public async Task<ReadResult> ReadToEndAsync(int maxBytes = 16 * 1024 * 1024)
    {
        var data = new ArrayBufferWriter<byte>();
        using var deadline = Bound(Deadline.Default);
        while (true)
        {
            var (read, end) = await ReceiveCoreAsync(data.GetMemory(4096), deadline.Token);
            if (end != ReadEnd.Open)
            {
                return new ReadResult(data.WrittenSpan.ToArray(), end);
            }

            data.Advance(read);
            if (data.WrittenCount > maxBytes)
            {
                throw new InvalidDataException($"More than {maxBytes} bytes.");
            }
        }
    }

    /// <summary>Receives until the peer ends or resets its direction, keeping only length and hash.</summary>
    public async Task<TransferResult> DrainAsync(CancellationToken cancellationToken = default)
    {
        var hash = new XxHash3();
        var length = 0L;
        var buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);
        using var deadline = Bound(Deadline.Bulk, cancellationToken);
        try
        {
            while (true)
            {
                var (read, end) = await ReceiveCoreAsync(buffer, deadline.Token);
                if (end != ReadEnd.Open)
                {
                    return new TransferResult(length, hash.GetCurrentHashAsUInt64(), end);
                }

                hash.Append(buffer.AsSpan(0, read));
                length += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Ends this end's direction (FIN); receiving goes on.</summary>
    public void HalfClose()
    {
        _halfClosed = true;
        Socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Ends both directions with a RST. On a Unix domain socket the peer sees that only if it had sent what was not read.</summary>
    public void Reset()
    {
        try
        {
            Socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            // The peer was quicker.
        }

        Socket.Dispose();
    }

    public void Dispose() => Socket.Dispose();

    internal static bool IsReset(SocketException exception) =>
        exception.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown;

    private static CancellationTokenSource Bound(TimeSpan time, CancellationToken cancellationToken = default)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(time);
        return source;
    }

    // A send that runs at this moment may have taken the error of a reset but not have told yet. Without our own FIN only a reset gets the
    // connection into TCP_CLOSE (7, the first byte of TCP_INFO; tcp(7)).
    private bool IsClosedByPeer()
    {
        if (_halfClosed || !OperatingSystem.IsLinux() || Socket.AddressFamily == AddressFamily.Unix)
        {
            return false;
        }

        Span<byte> info = stackalloc byte[1];
        return Socket.GetRawSocketOption(6, 11, info) > 0 && info[0] == 7;
    }

    private async Task<(int Count, ReadEnd End)> ReceiveCoreAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            var count = await Socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
            return count > 0 ? (count, ReadEnd.Open) : (0, _resetSeen || IsClosedByPeer() ? ReadEnd.Reset : ReadEnd.Fin);
        }
        catch (SocketException ex) when (IsReset(ex))
        {
            _resetSeen = true;
            return (0, ReadEnd.Reset);
        }
    }
}
