using System;
using System.Buffers;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Connections;

/// <summary>
/// The bytes of one connection, both ways, with what <see cref="Stream"/> lacks: an end of its own for each direction, an abort that the
/// peer can tell from an end, and bytes that were looked at before they are consumed. One reader and one writer at a time.
/// </summary>
internal abstract class TransportStream : Stream
{
    private byte[]? _buffer;
    private int _start;
    private int _end;
    private bool _isFilling;
    private bool _isDisposed;

    /// <summary>
    /// The socket whose descriptor carries these very bytes, so that an engine may move them itself once <see cref="Buffered"/> is
    /// consumed; <see langword="null"/> where they are transformed on the way (TLS) or not on a socket.
    /// </summary>
    public abstract Socket? RawSocket { get; }

    /// <summary>Bytes that were received but not consumed; the next read returns them.</summary>
    public ReadOnlyMemory<byte> Buffered => _buffer is null ? default : _buffer.AsMemory(_start, _end - _start);

    public sealed override bool CanRead => true;

    public sealed override bool CanWrite => true;

    public sealed override bool CanSeek => false;

    public sealed override long Length => throw new NotSupportedException();

    public sealed override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>
    /// Receives more bytes behind <see cref="Buffered"/>, which then holds at most <paramref name="capacity"/>.
    /// </summary>
    /// <param name="capacity">The most bytes that may be buffered; more than <see cref="Buffered"/> holds.</param>
    /// <param name="cancellationToken">Cuts the wait short.</param>
    /// <returns>How many bytes came; 0 at the end of the peer's direction.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> FillBufferAsync(int capacity, CancellationToken cancellationToken)
    {
        var buffered = _end - _start;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(capacity, buffered);
        if (_buffer is null || _buffer.Length < capacity)
        {
            var larger = ArrayPool<byte>.Shared.Rent(capacity);
            Buffered.CopyTo(larger);
            ReleaseBuffer();
            (_buffer, _start, _end) = (larger, 0, buffered);
        }
        else if (_start > 0)
        {
            _buffer.AsSpan(_start, buffered).CopyTo(_buffer);
            (_start, _end) = (0, buffered);
        }

        _isFilling = true;
        try
        {
            var read = await ReadCoreAsync(_buffer.AsMemory(_end, capacity - _end), cancellationToken);
            _end += read;
            return read;
        }
        finally
        {
            _isFilling = false;

            // Cancelled, failed or ended with nothing there: no buffer is held, and the next read waits for bytes.
            if (_start == _end || _isDisposed)
            {
                ReleaseBuffer();
            }
        }
    }

    /// <summary>Takes <paramref name="count"/> bytes off the front of <see cref="Buffered"/>.</summary>
    public void Consume(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _end - _start);
        _start += count;
        if (_start == _end)
        {
            ReleaseBuffer();
        }
    }

    /// <summary>
    /// After a read returned 0: whether it was really a reset whose error a write has already taken (the kernel tells it once only).
    /// Meaningful as long as <see cref="CompleteWritesAsync"/> was not called.
    /// </summary>
    public virtual bool IsResetBehindEnd => false;

    /// <summary>
    /// How many of the bytes written the peer has acknowledged, if others still wait for it in the system's buffers: a slow reader's progress.
    /// <see langword="null"/> when nothing waits, or where that cannot be known.
    /// </summary>
    public virtual long? AcknowledgedWhilePending => null;

    /// <summary><see cref="AcknowledgedWhilePending"/> of both sides of a connection; <see langword="null"/> when nothing waits on either.</summary>
    public static long? SumOfAcknowledged(TransportStream client, TransportStream? upstream)
    {
        var (down, up) = (client.AcknowledgedWhilePending, upstream?.AcknowledgedWhilePending);
        return (down ?? up) is null ? null : (down ?? 0) + (up ?? 0);
    }

    /// <summary>
    /// Whether there is something to read: bytes, an end or a failure. Of a connection on which nothing is due, that it cannot be used any more. Only while
    /// nobody reads; <see langword="true"/> where it cannot be known without waiting.
    /// </summary>
    public virtual bool HasInput => true;

    /// <summary>What it runs on: what waits for streams of one home is never sent from one thread to another. <see langword="null"/> for .NET's sockets.</summary>
    public virtual object? Home => null;

    /// <summary>This side's address: the one that the peer dialled, or that it was dialled from; <see langword="null"/> where that is not known, or no longer.</summary>
    public virtual EndPoint? GetLocalEndPoint() => null;

    /// <summary>The peer's address; <see langword="null"/> where that is not known, or no longer.</summary>
    public virtual EndPoint? GetRemoteEndPoint() => null;

    /// <summary>
    /// Ends the direction towards the peer once everything written is on its way (a FIN, a TLS close_notify). Reading goes on.
    /// </summary>
    public abstract ValueTask CompleteWritesAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Ends both directions at once so that the peer sees a failure (a RST), never an end. May be called from any thread, more than once.
    /// </summary>
    public abstract void Abort();

    public sealed override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_buffer is null)
        {
            return ReadCoreAsync(buffer, cancellationToken);
        }

        var count = Math.Min(buffer.Length, _end - _start);
        _buffer.AsMemory(_start, count).CopyTo(buffer);
        Consume(count);
        return new ValueTask<int>(count);
    }

    public sealed override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public sealed override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public abstract override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default);

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public sealed override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronous reads.");

    public sealed override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronous writes.");

    public sealed override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public sealed override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Reads past <see cref="Buffered"/>; an empty <paramref name="buffer"/> waits until there is something to read.</summary>
    protected abstract ValueTask<int> ReadCoreAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _isDisposed = true;
            if (!_isFilling)
            {
                // A read that still runs would write into what somebody else has rented by then.
                ReleaseBuffer();
            }
        }

        base.Dispose(disposing);
    }

    private void ReleaseBuffer()
    {
        var buffer = _buffer;
        (_buffer, _start, _end) = (null, 0, 0);
        if (buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
