using System;
using System.Buffers;
using System.Buffers.Text;

namespace WmProxy.Http1;

/// <summary>Bytes that are written with one call; memory is rented only while there are any.</summary>
internal sealed class OutputBuffer
{
    private const int FirstSize = 4096;

    private byte[] _bytes = [];
    private int _length;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    public int Length => _length;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        _length += bytes.Length;
    }

    /// <summary>A number in decimal digits.</summary>
    public void Append(long number)
    {
        Utf8Formatter.TryFormat(number, Reserve(20), out var written);
        _length += written;
    }

    /// <summary>A field line.</summary>
    public void AppendField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var length = name.Length + value.Length + 4;
        var line = Reserve(length);
        name.CopyTo(line);
        ": "u8.CopyTo(line[name.Length..]);
        value.CopyTo(line[(name.Length + 2)..]);
        "\r\n"u8.CopyTo(line[(length - 2)..]);
        _length += length;
    }

    /// <summary>Data as one chunk (RFC 9112 section 7.1).</summary>
    public void AppendChunk(ReadOnlySpan<byte> data)
    {
        Utf8Formatter.TryFormat(data.Length, Reserve(20), out var written, new StandardFormat('x'));
        _length += written;
        Append("\r\n"u8);
        Append(data);
        Append("\r\n"u8);
    }

    /// <summary>Forgets what was written and gives the memory back.</summary>
    public void Release()
    {
        var bytes = _bytes;
        (_bytes, _length) = ([], 0);
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private Span<byte> Reserve(int count)
    {
        if (_bytes.Length - _length < count)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstSize, Math.Max(_length + count, 2 * _bytes.Length)));
            Written.Span.CopyTo(larger);
            var length = _length;
            Release();
            (_bytes, _length) = (larger, length);
        }

        return _bytes.AsSpan(_length);
    }
}
