using System;

namespace WmProxy.Http1;

/// <summary>
/// Reads chunked content (RFC 9112 section 7.1) up to its trailer section, however it is split. Strictly: lines end with CR LF, sizes are digits and nothing
/// else, and extensions, which are of this connection, are passed over.
/// </summary>
internal struct ChunkedDecoder
{
    // 2^60 bytes.
    private const int MaxDigits = 15;
    private const int MaxExtension = 4096;

    private State _state;
    private long _left;
    private int _lineLength;

    private enum State
    {
        FirstDigit,
        Size,
        Space,
        Extension,
        LineFeed,
        Data,
        DataCr,
        DataLf,
        Ended,
    }

    /// <summary>Reads on in <paramref name="input"/>.</summary>
    /// <param name="input">What came behind what was consumed before.</param>
    /// <param name="consumed">How much of it is done with.</param>
    /// <param name="data">The run of data, the last part of what was consumed.</param>
    public ChunkStatus Read(ReadOnlySpan<byte> input, out int consumed, out ReadOnlySpan<byte> data)
    {
        data = default;
        for (consumed = 0; consumed < input.Length;)
        {
            if (_state == State.Data)
            {
                data = input.Slice(consumed, (int)Math.Min(_left, input.Length - consumed));
                consumed += data.Length;
                _left -= data.Length;
                _state = _left == 0 ? State.DataCr : State.Data;
                return ChunkStatus.Data;
            }

            if (!TryStep(input[consumed++]))
            {
                return ChunkStatus.Malformed;
            }

            if (_state == State.Ended)
            {
                return ChunkStatus.Last;
            }
        }

        return ChunkStatus.NeedMore;
    }

    private bool TryStep(byte next)
    {
        switch (_state)
        {
            case State.FirstDigit:
                (_left, _lineLength, _state) = (0, 0, State.Size);
                return TryAddDigit(next);
            case State.Size when next is (byte)';' or (byte)' ' or (byte)'\t':
                (_lineLength, _state) = (0, next == ';' ? State.Extension : State.Space);
                return true;
            case State.Size or State.Space or State.Extension when next == '\r':
                _state = State.LineFeed;
                return true;
            case State.Size:
                return TryAddDigit(next);
            case State.Space:
                _state = next == ';' ? State.Extension : State.Space;
                return next is (byte)';' or (byte)' ' or (byte)'\t' && ++_lineLength <= MaxExtension;
            case State.Extension:
                return next is (>= 32 and not 127) or (byte)'\t' && ++_lineLength <= MaxExtension;
            case State.LineFeed:
                _state = _left == 0 ? State.Ended : State.Data;
                return next == '\n';
            case State.DataCr:
                _state = State.DataLf;
                return next == '\r';
            case State.DataLf:
                _state = State.FirstDigit;
                return next == '\n';
            default:
                return false;
        }
    }

    private bool TryAddDigit(byte digit)
    {
        if (!char.IsAsciiHexDigit((char)digit) || ++_lineLength > MaxDigits)
        {
            return false;
        }

        _left = (_left << 4) + (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
        return true;
    }
}
