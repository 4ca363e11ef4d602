using System;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;

namespace WmProxy.Connections.ClientHello;

/// <summary>
/// Parses the body of a ClientHello (RFC 8446 section 4.1.2). Not YARP's TlsFrameHelper: that of 2.3.0 lacks bounds checks and throws on
/// malformed hellos; here every length is checked against what is there, and every inconsistency is a result.
/// </summary>
internal static class ClientHelloParser
{
    private const int RandomLength = 32;
    private const int MaxSessionIdLength = 32;
    private const ushort ServerNameExtension = 0;
    private const ushort AlpnExtension = 16;
    private const byte HostName = 0;

    private static readonly ClientHelloResult Malformed = new(ClientHelloStatus.Malformed);

    /// <summary>Parses the message <paramref name="body"/>, without its header of four bytes.</summary>
    public static ClientHelloResult Parse(ReadOnlySpan<byte> body)
    {
        if (!TryTake(ref body, 2, out var version) || version[0] != 3
            || !TryTake(ref body, RandomLength, out _)
            || !TryTakeVector8(ref body, out var sessionId) || sessionId.Length > MaxSessionIdLength
            || !TryTakeVector16(ref body, out var cipherSuites) || cipherSuites.IsEmpty || cipherSuites.Length % 2 != 0
            || !TryTakeVector8(ref body, out var compressionMethods) || compressionMethods.IsEmpty)
        {
            return Malformed;
        }

        // Before TLS 1.3 a client could have no extensions at all (RFC 5246 section 7.4.1.2).
        if (body.IsEmpty)
        {
            return new ClientHelloResult(ClientHelloStatus.Hello, null, []);
        }

        return TryTakeVector16(ref body, out var extensions) && body.IsEmpty ? ParseExtensions(extensions) : Malformed;
    }

    private static ClientHelloResult ParseExtensions(ReadOnlySpan<byte> extensions)
    {
        ReadOnlySpan<byte> serverNames = default;
        ReadOnlySpan<byte> protocols = default;
        var hasServerNames = false;
        var hasProtocols = false;
        while (!extensions.IsEmpty)
        {
            if (!TryTake(ref extensions, 2, out var type) || !TryTakeVector16(ref extensions, out var data))
            {
                return Malformed;
            }

            // An extension must not come twice: whoever reads the hello behind us might take the other one.
            switch (BinaryPrimitives.ReadUInt16BigEndian(type))
            {
                case ServerNameExtension when hasServerNames:
                case AlpnExtension when hasProtocols:
                    return Malformed;
                case ServerNameExtension:
                    serverNames = data;
                    hasServerNames = true;
                    break;
                case AlpnExtension:
                    protocols = data;
                    hasProtocols = true;
                    break;
            }
        }

        string? serverName = null;
        ImmutableArray<string> names = [];
        return (!hasServerNames || TryParseServerNames(serverNames, out serverName))
            && (!hasProtocols || TryParseProtocols(protocols, out names))
                ? new ClientHelloResult(ClientHelloStatus.Hello, serverName, names)
                : Malformed;
    }

    // RFC 6066 section 3.
    private static bool TryParseServerNames(ReadOnlySpan<byte> data, out string? serverName)
    {
        serverName = null;
        if (!TryTakeVector16(ref data, out var list) || !data.IsEmpty || list.IsEmpty)
        {
            return false;
        }

        var hasHostName = false;
        while (!list.IsEmpty)
        {
            // Of types to come only that they have a length is known.
            if (!TryTake(ref list, 1, out var type) || !TryTakeVector16(ref list, out var name))
            {
                return false;
            }

            if (type[0] == HostName)
            {
                if (hasHostName || !ServerName.TryParse(name, out serverName))
                {
                    return false;
                }

                hasHostName = true;
            }
        }

        return true;
    }

    // RFC 7301 section 3.1.
    private static bool TryParseProtocols(ReadOnlySpan<byte> data, out ImmutableArray<string> protocols)
    {
        protocols = [];
        if (!TryTakeVector16(ref data, out var list) || !data.IsEmpty || list.IsEmpty)
        {
            return false;
        }

        var count = 0;
        for (var rest = list; !rest.IsEmpty; count++)
        {
            if (!TryTakeVector8(ref rest, out var protocol) || protocol.IsEmpty)
            {
                return false;
            }
        }

        var names = new string[count];
        for (var i = 0; i < names.Length; i++)
        {
            TryTakeVector8(ref list, out var protocol);
            names[i] = ToName(protocol);
        }

        protocols = ImmutableCollectionsMarshal.AsImmutableArray(names);
        return true;
    }

    // Nearly every hello offers one or both of these.
    private static string ToName(ReadOnlySpan<byte> protocol) =>
        protocol.SequenceEqual("h2"u8) ? "h2"
        : protocol.SequenceEqual("http/1.1"u8) ? "http/1.1"
        : Encoding.Latin1.GetString(protocol);

    private static bool TryTakeVector8(scoped ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> vector)
    {
        vector = default;
        return TryTake(ref bytes, 1, out var length) && TryTake(ref bytes, length[0], out vector);
    }

    private static bool TryTakeVector16(scoped ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> vector)
    {
        vector = default;
        return TryTake(ref bytes, 2, out var length) && TryTake(ref bytes, BinaryPrimitives.ReadUInt16BigEndian(length), out vector);
    }

    private static bool TryTake(scoped ref ReadOnlySpan<byte> bytes, int count, out ReadOnlySpan<byte> taken)
    {
        if (bytes.Length < count)
        {
            taken = default;
            return false;
        }

        taken = bytes[..count];
        bytes = bytes[count..];
        return true;
    }
}
