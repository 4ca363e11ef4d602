using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Relay.Bandwidth;

namespace WmProxy.ForwardProxy.Http;

/// <summary>Content on its way, counted and held to a limit: what is read comes from the client, what is written goes to it.</summary>
internal sealed class MeteredStream : Stream
{
    private readonly Stream _stream;
    private readonly BandwidthLease? _bandwidth;

    public MeteredStream(Stream stream, BandwidthLease? bandwidth)
    {
        _stream = stream;
        _bandwidth = bandwidth;
    }

    public long BytesRead { get; private set; }

    public long BytesWritten { get; private set; }

    public override bool CanRead => _stream.CanRead;

    public override bool CanWrite => _stream.CanWrite;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_bandwidth?.Upload is not { } upload || buffer.IsEmpty)
        {
            var unlimited = await _stream.ReadAsync(buffer, cancellationToken);
            BytesRead += unlimited;
            return unlimited;
        }

        // Waits for bytes first: those that share the limit must not wait for a client that sends nothing.
        _ = await _stream.ReadAsync(Memory<byte>.Empty, cancellationToken);
        var granted = await upload.AcquireAsync(buffer.Length, cancellationToken);
        var read = 0;
        try
        {
            read = await _stream.ReadAsync(buffer[..granted], cancellationToken);
            BytesRead += read;
            return read;
        }
        finally
        {
            upload.Return(granted - read);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var count = _bandwidth?.Download is { } download ? await download.AcquireAsync(buffer.Length, cancellationToken) : buffer.Length;
            await _stream.WriteAsync(buffer[..count], cancellationToken);
            BytesWritten += count;
            buffer = buffer[count..];
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => throw new NotSupportedException("Only asynchronous flushes.");

    public override Task FlushAsync(CancellationToken cancellationToken) => _stream.FlushAsync(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronous reads.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronous writes.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stream.Dispose();
        }

        base.Dispose(disposing);
    }
}
