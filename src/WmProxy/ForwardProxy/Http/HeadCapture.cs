using System;
using System.Buffers;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.ForwardProxy.Http;

/// <summary>
/// A server's end of a connection that keeps what the server consumes until <see cref="Take"/>: when the server begins to serve a request, that is its head. What
/// is consumed while the request is served is its content, and not kept.
/// </summary>
internal sealed class HeadCapture : PipeReader
{
    // More than the longest head that the server takes. What a request left unread may come before it.
    private const int MaxLength = 64 * 1024;
    private const int FirstLength = 1024;

    private readonly PipeReader _reader;
    private ReadOnlySequence<byte> _read;
    private byte[] _bytes = [];
    private int _length;
    private bool _isServing;

    public HeadCapture(PipeReader reader) => _reader = reader;

    /// <summary>What was consumed since the last request was served; keeps nothing until <see cref="Resume"/>.</summary>
    public ReadOnlySpan<byte> Take()
    {
        var taken = _bytes.AsSpan(0, _length);
        (_bytes, _length, _isServing) = ([], 0, true);
        return taken;
    }

    /// <summary>The request is served.</summary>
    public void Resume() => _isServing = false;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var result = await _reader.ReadAsync(cancellationToken);
        _read = result.Buffer;
        return result;
    }

    public override bool TryRead(out ReadResult result)
    {
        var hasRead = _reader.TryRead(out result);
        _read = result.Buffer;
        return hasRead;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (!_isServing)
        {
            foreach (var segment in _read.Slice(0, consumed))
            {
                Append(segment.Span);
            }

            if (_length > 0 && _bytes[_length - 1] != '\n')
            {
                // Of a head, whole lines are consumed; this was content that nobody read, and what follows may begin in the middle of a line.
                _length = 0;
            }
        }

        _read = default;
        _reader.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => _reader.CancelPendingRead();

    public override void Complete(Exception? exception = null) => _reader.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => _reader.CompleteAsync(exception);

    private void Append(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes[Math.Max(0, bytes.Length - MaxLength)..];
        if (_length + bytes.Length > _bytes.Length)
        {
            // The last bytes are enough; half of the room is left free, so that each byte is moved once.
            var kept = _bytes.AsSpan(0, _length)[Math.Max(0, _length - MaxLength)..];
            var size = Math.Clamp(2 * (kept.Length + bytes.Length), FirstLength, 2 * MaxLength);
            var larger = size > _bytes.Length ? new byte[size] : _bytes;
            kept.CopyTo(larger);
            (_bytes, _length) = (larger, kept.Length);
        }

        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }
}
