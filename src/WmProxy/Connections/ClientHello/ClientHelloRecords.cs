using System;
using System.Buffers;
using System.Buffers.Binary;

namespace WmProxy.Connections.ClientHello;

/// <summary>
/// Finds the ClientHello message in the TLS records (RFC 8446 section 5.1) that carry it, over which a client may spread it at will. It
/// goes on where it stopped when more bytes have come, so that bytes sent one at a time cost no more than together.
/// </summary>
internal struct ClientHelloRecords
{
    /// <summary>The longest message that is taken, with its header. Browsers send 2 KiB, session tickets and many key shares some more.</summary>
    public const int MaxMessageLength = 16 * 1024;

    /// <summary>Of a record: its type, version and length.</summary>
    public const int HeaderLength = 5;

    private const int MaxFragmentLength = 16 * 1024;
    private const int MessageHeaderLength = 4;
    private const byte HandshakeRecord = 22;
    private const byte ClientHelloMessage = 1;

    private int _position;
    private int _messageBytes;
    private int _bodyLength;

    /// <summary>After <see cref="ClientHelloRecordStatus.NeedsMore"/>: how many bytes there have to be at least to get on.</summary>
    public int NeededLength { get; private set; }

    private readonly int MessageLength => MessageHeaderLength + _bodyLength;

    /// <summary>Looks at <paramref name="bytes"/>, all from the first of the connection; those of earlier calls again, and more.</summary>
    public ClientHelloRecordStatus Read(ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            var record = bytes[_position..];
            if (CheckHeader(record) is { } wrong)
            {
                return wrong;
            }

            NeededLength = _position + HeaderLength;
            if (record.Length >= HeaderLength)
            {
                var fragmentLength = BinaryPrimitives.ReadUInt16BigEndian(record[3..]);
                if (fragmentLength is 0 or > MaxFragmentLength)
                {
                    return ClientHelloRecordStatus.Malformed;
                }

                NeededLength += fragmentLength;
                if (CheckMessage(record[HeaderLength..], fragmentLength) is { } decided)
                {
                    return decided;
                }
            }

            if (NeededLength > ClientHelloReader.MaxLength)
            {
                return ClientHelloRecordStatus.TooLarge;
            }

            if (bytes.Length < NeededLength)
            {
                return ClientHelloRecordStatus.NeedsMore;
            }

            _messageBytes += NeededLength - _position - HeaderLength;
            _position = NeededLength;
        }
    }

    /// <summary>Parses the message once it is complete.</summary>
    /// <param name="bytes">The same bytes as for <see cref="Read"/>.</param>
    public readonly ClientHelloResult Parse(ReadOnlySpan<byte> bytes)
    {
        if (_position == 0)
        {
            return ClientHelloParser.Parse(bytes.Slice(HeaderLength + MessageHeaderLength, _bodyLength));
        }

        var message = ArrayPool<byte>.Shared.Rent(MessageLength);
        var copied = 0;
        while (copied < MessageLength)
        {
            var length = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]), MessageLength - copied);
            bytes.Slice(HeaderLength, length).CopyTo(message.AsSpan(copied));
            bytes = bytes[(HeaderLength + length)..];
            copied += length;
        }

        var result = ClientHelloParser.Parse(message.AsSpan(MessageHeaderLength, _bodyLength));
        ArrayPool<byte>.Shared.Return(message);
        return result;
    }

    // The versions 3.x are all there are (SSL 3.0 to TLS 1.3); which of them is to be ignored. An SSL 2.0 hello begins with a length.
    private readonly ClientHelloRecordStatus? CheckHeader(ReadOnlySpan<byte> record)
    {
        if ((record.Length > 0 && record[0] != HandshakeRecord) || (record.Length > 1 && record[1] != 3))
        {
            return _position == 0 ? ClientHelloRecordStatus.NotTls : ClientHelloRecordStatus.Malformed;
        }

        return null;
    }

    private ClientHelloRecordStatus? CheckMessage(ReadOnlySpan<byte> fragment, int fragmentLength)
    {
        fragment = fragment[..Math.Min(fragment.Length, fragmentLength)];

        // The message's header may itself be spread over records: take it byte by byte.
        for (var i = _messageBytes; i < MessageHeaderLength && i - _messageBytes < fragment.Length; i++)
        {
            var value = fragment[i - _messageBytes];
            if (i == 0 && value != ClientHelloMessage)
            {
                return ClientHelloRecordStatus.Malformed;
            }

            if (i > 0)
            {
                var shift = 8 * (MessageHeaderLength - 1 - i);
                _bodyLength = (_bodyLength & ~(0xFF << shift)) | (value << shift);
            }
        }

        if (_messageBytes + fragment.Length < MessageHeaderLength)
        {
            return null;
        }

        if (MessageLength > MaxMessageLength)
        {
            return ClientHelloRecordStatus.TooLarge;
        }

        return _messageBytes + fragment.Length >= MessageLength ? ClientHelloRecordStatus.Complete : null;
    }
}
