using System;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace WmProxy.Connections.ProxyProtocol;

/// <summary>The human-readable header, proxy-protocol.txt section 2.1.</summary>
internal static class ProxyProtocolV1
{
    /// <summary>The longest line, with its CRLF.</summary>
    public const int MaxLength = 107;

    private const int TransportStart = 6;

    public static ReadOnlySpan<byte> Signature => "PROXY"u8;

    /// <summary>Parses <paramref name="bytes"/>, which begin with the signature, once they hold the whole line or cannot become one.</summary>
    /// <param name="bytes">The bytes so far.</param>
    /// <param name="result">The header, or what is wrong with it.</param>
    /// <param name="length">The header's length, 0 if it is invalid; if undecided, how many bytes it has at least.</param>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out ProxyProtocolResult result, out int length)
    {
        length = 0;
        var line = bytes[..Math.Min(bytes.Length, MaxLength)];
        var end = line.IndexOfAny((byte)'\r', (byte)'\n');
        var text = end < 0 ? line : line[..end];
        if (!CanBegin(text, "PROXY TCP4 "u8) && !CanBegin(text, "PROXY TCP6 "u8) && !IsUnknown(text) && !CanBegin(text, "PROXY UNKNOWN"u8))
        {
            return Invalid("PROXY v1: after \"PROXY\", one space and \"TCP4\", \"TCP6\" or \"UNKNOWN\" are expected.", out result);
        }

        if (end < 0 || (line[end] == '\r' && end + 1 == line.Length && line.Length < MaxLength))
        {
            if (end < 0 && line.Length >= MaxLength - 1)
            {
                return Invalid("PROXY v1: no CRLF within 107 bytes.", out result);
            }

            result = default;
            length = line.Length + 1;
            return false;
        }

        if (line[end] == '\n' || end + 1 == line.Length || line[end + 1] != '\n')
        {
            return Invalid("PROXY v1: the line has to end with CRLF.", out result);
        }

        if (IsUnknown(text))
        {
            result = new ProxyProtocolResult(ProxyProtocolStatus.Proxied);
        }
        else if (text.Length < TransportStart + 5 || !TryParseAddresses(text[(TransportStart + 5)..], isIPv6: text[TransportStart + 3] == '6', out result))
        {
            return Invalid("PROXY v1: two addresses of the announced family and two ports, one space between each, are expected.", out result);
        }

        length = end + 2;
        return true;
    }

    // What follows "UNKNOWN" has to be ignored; that it is separated is all there is to check.
    private static bool IsUnknown(ReadOnlySpan<byte> text) =>
        text.StartsWith("PROXY UNKNOWN"u8) && (text.Length == "PROXY UNKNOWN"u8.Length || text["PROXY UNKNOWN"u8.Length] == ' ');

    private static bool CanBegin(ReadOnlySpan<byte> text, ReadOnlySpan<byte> start) =>
        text.Length < start.Length ? start.StartsWith(text) : text.StartsWith(start) && start[^1] == ' ';

    private static bool TryParseAddresses(ReadOnlySpan<byte> line, bool isIPv6, out ProxyProtocolResult result)
    {
        result = default;
        Span<char> chars = stackalloc char[line.Length];
        ReadOnlySpan<char> text = chars[..Encoding.Latin1.GetChars(line, chars)];
        Span<Range> fields = stackalloc Range[5];
        if (text.Split(fields, ' ') != 4
            || !TryParseAddress(text[fields[0]], isIPv6, out var source)
            || !TryParseAddress(text[fields[1]], isIPv6, out var destination)
            || !TryParseNumber(text[fields[2]], ushort.MaxValue, out var sourcePort)
            || !TryParseNumber(text[fields[3]], ushort.MaxValue, out var destinationPort))
        {
            return false;
        }

        result = new ProxyProtocolResult(
            ProxyProtocolStatus.Proxied,
            new IPEndPoint(source, sourcePort),
            new IPEndPoint(destination, destinationPort));
        return true;
    }

    private static bool TryParseAddress(ReadOnlySpan<char> text, bool isIPv6, out IPAddress address)
    {
        address = IPAddress.None;
        if (!isIPv6)
        {
            Span<byte> bytes = stackalloc byte[4];
            if (!TryParseIPv4(text, bytes))
            {
                return false;
            }

            address = new IPAddress(bytes);
            return true;
        }

        // The framework's parser also takes scope ids, brackets, prefix lengths and odd IPv4 tails.
        var tail = text[(text.LastIndexOf(':') + 1)..];
        if (text.IndexOfAnyExcept("0123456789abcdefABCDEF:.") >= 0
            || (tail.Contains('.') && !TryParseIPv4(tail, stackalloc byte[4]))
            || !IPAddress.TryParse(text, out var parsed)
            || parsed.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return false;
        }

        address = parsed;
        return true;
    }

    // The framework's parser also takes fewer than four parts, octal and hexadecimal ones.
    private static bool TryParseIPv4(ReadOnlySpan<char> text, Span<byte> address)
    {
        Span<Range> parts = stackalloc Range[5];
        if (text.Split(parts, '.') != 4)
        {
            return false;
        }

        for (var i = 0; i < 4; i++)
        {
            if (!TryParseNumber(text[parts[i]], byte.MaxValue, out var part))
            {
                return false;
            }

            address[i] = (byte)part;
        }

        return true;
    }

    private static bool TryParseNumber(ReadOnlySpan<char> text, int max, out int value)
    {
        value = 0;
        if (text.IsEmpty || text.Length > 5 || (text[0] == '0' && text.Length > 1))
        {
            return false;
        }

        foreach (var digit in text)
        {
            if (!char.IsAsciiDigit(digit))
            {
                return false;
            }

            value = value * 10 + (digit - '0');
        }

        return value <= max;
    }

    private static bool Invalid(string error, out ProxyProtocolResult result)
    {
        result = ProxyProtocolResult.Invalid(error);
        return true;
    }
}
