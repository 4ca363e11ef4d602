using System;
using System.IO;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Connections.Tls;

/// <summary>
/// What an <see cref="System.Net.Security.SslStream"/> reads from and writes to: a transport, of which it remembers how it ended.
/// </summary>
/// <remarks>
/// SslStream takes a close_notify and a bare end of the transport for the same end, but reads the transport's end only in the second case.
/// It also lets <c>ShutdownAsync</c> run beside a read, and the two of them then use one OpenSSL session from two threads. Hence the
/// turn: whoever calls into the SslStream to read or to shut down holds it, and a read gives it up while it waits for the transport.
/// </remarks>
internal sealed class TlsInnerStream : Stream
{
    private readonly TransportStream _transport;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private byte[]? _held;
    private bool _holdsWrites;

    public TlsInnerStream(TransportStream transport) => _transport = transport;

    /// <summary>Whether the transport has ended before the SslStream found an end of its own.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Whether the transport, not TLS, failed.</summary>
    public bool HasFailed { get; private set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Waits for the turn to read or shut down; only ever as long as another thread computes.</summary>
    public Task EnterAsync() => _turn.WaitAsync(CancellationToken.None);

    public void Exit() => _turn.Release();

    /// <summary>Keeps what is written from now on until <see cref="SendHeldAsync"/>.</summary>
    public void HoldWrites() => _holdsWrites = true;

    /// <summary>Sends what was kept, if anything was.</summary>
    public ValueTask SendHeldAsync(CancellationToken cancellationToken)
    {
        var held = _held;
        (_held, _holdsWrites) = (null, false);
        return held is null ? ValueTask.CompletedTask : _transport.WriteAsync(held, cancellationToken);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var reading = _transport.ReadAsync(buffer, cancellationToken);
        if (reading.IsCompletedSuccessfully)
        {
            return new ValueTask<int>(NoteEnd(reading.Result, buffer.Length));
        }

        Exit();
        return AwaitReadAsync(reading, buffer.Length);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_holdsWrites)
        {
            return _transport.WriteAsync(buffer, cancellationToken);
        }

        Hold(buffer.Span);
        return ValueTask.CompletedTask;
    }

    /// <summary>SslStream writes the alert about a refused certificate synchronously; it is kept, as nothing here may block.</summary>
    public override void Write(ReadOnlySpan<byte> buffer) => Hold(buffer);

    public override void Write(byte[] buffer, int offset, int count) => Hold(buffer.AsSpan(offset, count));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronous reads.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> AwaitReadAsync(ValueTask<int> reading, int capacity)
    {
        try
        {
            return NoteEnd(await reading, capacity);
        }
        catch
        {
            HasFailed = true;
            throw;
        }
        finally
        {
            await EnterAsync();
        }
    }

    private int NoteEnd(int read, int capacity)
    {
        // An empty read says only that there is something to read, perhaps the end.
        HasEnded |= read == 0 && capacity > 0;
        return read;
    }

    private void Hold(ReadOnlySpan<byte> bytes) => _held = [.. _held ?? [], .. bytes];
}
