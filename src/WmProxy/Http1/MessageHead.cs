using System;
using System.Buffers;
using System.Text;

namespace WmProxy.Http1;

/// <summary>
/// The head of a message (RFC 9112 sections 2 to 5), kept as the bytes that came, with where in them each field is. To be used again, for one message after
/// another; <see cref="Release"/> gives the memory back between them.
/// </summary>
internal abstract class MessageHead
{
    private const int MaxFields = 256;
    private const int MaxOptions = 64;
    private const int UsualFields = 32;

    // More digits than any content has bytes.
    private const int MaxLengthDigits = 18;

    private byte[] _bytes = [];
    private Field[] _fields = [];
    private int _length;
    private int _options;

    /// <summary>How many field lines there are.</summary>
    public int FieldCount { get; private set; }

    /// <summary>What <c>Connection</c> says; of a request, what <c>Proxy-Connection</c> says too.</summary>
    public ConnectionOptions Options { get; private set; }

    /// <summary>1 for HTTP/1.1 and its successors, 0 for HTTP/1.0.</summary>
    public int MinorVersion { get; private set; }

    public bool IsHttp11 => MinorVersion > 0;

    /// <summary>How its content is delimited.</summary>
    public BodyFraming Framing { get; protected set; }

    protected ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    protected int ContentLengths { get; private set; }

    protected int TransferEncodings { get; private set; }

    protected long ContentLength { get; private set; }

    public FieldKind KindOf(int index) => _fields[index].Kind;

    /// <summary>The first field of a kind from <paramref name="start"/> on; -1 for none.</summary>
    public int IndexOf(FieldKind kind, int start = 0)
    {
        for (var i = start; i < FieldCount; i++)
        {
            if (_fields[i].Kind == kind)
            {
                return i;
            }
        }

        return -1;
    }

    public ReadOnlySpan<byte> NameOf(int index) => _bytes.AsSpan(_fields[index].NameStart, _fields[index].NameLength);

    /// <summary>The value without white space around it.</summary>
    public ReadOnlySpan<byte> ValueOf(int index) => _bytes.AsSpan(_fields[index].ValueStart, _fields[index].ValueLength);

    /// <summary>Whether a field is of this connection alone, because <c>Connection</c> names it. What frames and routes a message cannot be named.</summary>
    public bool IsNominated(int index) => _fields[index].IsNominated;

    /// <summary>Whether a list (RFC 9110 section 5.6.1) has an element that is <paramref name="option"/>, whatever its case.</summary>
    public static bool HasOption(ReadOnlySpan<byte> list, ReadOnlySpan<byte> option)
    {
        foreach (var part in list.Split((byte)','))
        {
            if (Ascii.EqualsIgnoreCase(list[part].Trim(" \t"u8), option))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Forgets the message. Nothing of it may be used any more.</summary>
    public void Release()
    {
        var bytes = _bytes;
        (_bytes, _length, FieldCount) = ([], 0, 0);
        if (bytes.Length > 0)
        {
            // What it held may be the secret of a user.
            ArrayPool<byte>.Shared.Return(bytes, clearArray: true);
        }
    }

    /// <param name="head">All of it, up to and with its empty line.</param>
    /// <param name="isLenient">Whether what is not as it should be is put right, where that is harmless.</param>
    /// <param name="hasStartLine">Whether its first line is no field.</param>
    protected HeadError Read(ReadOnlySpan<byte> head, bool isLenient, bool hasStartLine = true)
    {
        Release();
        _bytes = ArrayPool<byte>.Shared.Rent(head.Length);
        _length = head.Length;
        head.CopyTo(_bytes);
        (Options, _options, ContentLengths, TransferEncodings, ContentLength, Framing) = (default, 0, 0, 0, 0, default);
        var next = 0;
        var error = hasStartLine ? ReadStartLine(NextLine(0, out next)) : HeadError.None;
        while (error == HeadError.None)
        {
            var start = next;
            var line = NextLine(start, out next);
            if (line.IsEmpty)
            {
                Nominate();
                return HeadError.None;
            }

            error = line[0] is (byte)' ' or (byte)'\t' ? Unfold(line, start, isLenient) : ReadField(line, start, isLenient);
        }

        return error;
    }

    /// <summary>Reads the first line, without its line end.</summary>
    protected virtual HeadError ReadStartLine(ReadOnlySpan<byte> line) => HeadError.None;

    /// <summary>A field that <see cref="Read"/> has found.</summary>
    protected virtual HeadError OnField(FieldKind kind, ReadOnlySpan<byte> value) => HeadError.None;

    /// <summary>Reads <c>HTTP/1.x</c>.</summary>
    protected HeadError ReadVersion(ReadOnlySpan<byte> version)
    {
        if (version.Length != "HTTP/1.1".Length || !version.StartsWith("HTTP/"u8)
            || !char.IsAsciiDigit((char)version[5]) || version[6] != '.' || !char.IsAsciiDigit((char)version[7]))
        {
            return HeadError.StartLine;
        }

        MinorVersion = version[7] == '0' ? 0 : 1;
        return version[5] == '1' ? HeadError.None : HeadError.Version;
    }

    private ReadOnlySpan<byte> NextLine(int start, out int next)
    {
        var end = Bytes[start..].IndexOf((byte)'\n');
        next = start + end + 1;
        var line = Bytes.Slice(start, end);
        return line.EndsWith("\r"u8) ? line[..^1] : line;
    }

    private HeadError ReadField(ReadOnlySpan<byte> line, int start, bool isLenient)
    {
        if (!FieldLine.TryParse(line, isLenient, out var parsed))
        {
            return HeadError.FieldLine;
        }

        if (FieldCount == MaxFields)
        {
            return HeadError.TooManyFields;
        }

        if (FieldCount == _fields.Length)
        {
            Array.Resize(ref _fields, Math.Max(UsualFields, 2 * _fields.Length));
        }

        var kind = FieldNames.KindOf(line[..parsed.NameLength]);
        _fields[FieldCount++] = new Field(start, parsed.NameLength, start + parsed.ValueStart, parsed.ValueLength, kind);
        return Interpret(kind, line.Slice(parsed.ValueStart, parsed.ValueLength));
    }

    private HeadError Interpret(FieldKind kind, ReadOnlySpan<byte> value)
    {
        switch (kind)
        {
            case FieldKind.Connection or FieldKind.ProxyConnection:
                return ReadOptions(value, kind == FieldKind.Connection);
            case FieldKind.ContentLength:
                return ReadContentLength(value);
            case FieldKind.TransferEncoding:
                TransferEncodings++;
                return Ascii.EqualsIgnoreCase(value, "chunked"u8) ? HeadError.None : HeadError.TransferEncoding;
            default:
                return OnField(kind, value);
        }
    }

    // RFC 9112 section 5.2: a proxy replaces the fold of a response by spaces. Of what it acts upon itself, a field in one line is asked.
    private HeadError Unfold(ReadOnlySpan<byte> line, int start, bool isLenient)
    {
        if (!isLenient || FieldCount == 0 || !FieldLine.IsText(line) || _fields[FieldCount - 1].Kind is FieldKind.ContentLength or FieldKind.TransferEncoding or FieldKind.Connection)
        {
            return HeadError.FieldLine;
        }

        ref var field = ref _fields[FieldCount - 1];
        _bytes.AsSpan(field.ValueStart + field.ValueLength, start - field.ValueStart - field.ValueLength).Fill((byte)' ');
        var value = _bytes.AsSpan(field.ValueStart, start + line.Length - field.ValueStart);
        field = field with { ValueStart = field.ValueStart + value.Length - value.TrimStart(" \t"u8).Length, ValueLength = value.Trim(" \t"u8).Length };
        return HeadError.None;
    }

    private HeadError ReadOptions(ReadOnlySpan<byte> value, bool isStandard)
    {
        foreach (var part in value.Split((byte)','))
        {
            var option = value[part].Trim(" \t"u8);
            if (++_options > MaxOptions)
            {
                return HeadError.TooManyFields;
            }

            Options |= FieldNames.Is(option, "close"u8) ? ConnectionOptions.Close
                : FieldNames.Is(option, "keep-alive"u8) ? ConnectionOptions.KeepAlive
                : !isStandard || option.IsEmpty ? ConnectionOptions.None
                : FieldNames.Is(option, "upgrade"u8) ? ConnectionOptions.Upgrade
                : ConnectionOptions.Names;
        }

        return HeadError.None;
    }

    // Once for all: fields times options is more than to be asked for each field again.
    private void Nominate()
    {
        if ((Options & ConnectionOptions.Names) == 0)
        {
            return;
        }

        for (var i = IndexOf(FieldKind.Connection); i >= 0; i = IndexOf(FieldKind.Connection, i + 1))
        {
            var value = ValueOf(i);
            foreach (var part in value.Split((byte)','))
            {
                Nominate(value[part].Trim(" \t"u8));
            }
        }
    }

    private void Nominate(ReadOnlySpan<byte> name)
    {
        for (var i = 0; i < FieldCount; i++)
        {
            if (_fields[i].NameLength == name.Length && FieldNames.Is(NameOf(i), name)
                && KindOf(i) is not (FieldKind.Host or FieldKind.ContentLength or FieldKind.TransferEncoding))
            {
                _fields[i] = _fields[i] with { IsNominated = true };
            }
        }
    }

    private HeadError ReadContentLength(ReadOnlySpan<byte> value)
    {
        foreach (var part in value.Split((byte)','))
        {
            // RFC 9110 section 8.6: one that was said several times is still one, if it is the same.
            var digits = value[part].Trim(" \t"u8);
            if (digits.Length is 0 or > MaxLengthDigits || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            {
                return HeadError.ContentLength;
            }

            var length = 0L;
            foreach (var digit in digits)
            {
                length = (length * 10) + digit - '0';
            }

            if (ContentLengths++ > 0 && length != ContentLength)
            {
                return HeadError.ContentLength;
            }

            ContentLength = length;
        }

        return HeadError.None;
    }

    private readonly record struct Field(int NameStart, int NameLength, int ValueStart, int ValueLength, FieldKind Kind, bool IsNominated = false);
}
