using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Win32.SafeHandles;

namespace WmProxy.StaticFiles;

/// <summary>
/// Reads a file as long as it was when its length was told to the client. A <see cref="FileStream"/> would give what a growing
/// log file got since, and the answer would be longer than its <c>Content-Length</c>.
/// </summary>
/// <param name="handle">The file, closed with the stream; <see langword="null"/> for an empty one.</param>
/// <param name="length">Its length.</param>
internal sealed class FileSnapshotStream(SafeFileHandle? handle, long length) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position { get; set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        buffer = Limit(buffer);
        if (buffer.IsEmpty || handle is null)
        {
            return 0;
        }

        var read = await RandomAccess.ReadAsync(handle, buffer, Position, cancellationToken);
        Position += read;
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
    {
        SeekOrigin.Current => Position,
        SeekOrigin.End => length,
        _ => 0,
    };

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            handle?.Dispose();
        }

        base.Dispose(disposing);
    }

    private Memory<byte> Limit(Memory<byte> buffer)
    {
        var left = Math.Max(0, length - Position);
        return buffer.Length > left ? buffer[..(int)left] : buffer;
    }
}
