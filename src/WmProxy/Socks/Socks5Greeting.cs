using System;

namespace WmProxy.Socks;

/// <summary>The client's first message, VER NMETHODS METHODS, and the answer to it, VER METHOD (RFC 1928 section 3).</summary>
internal static class Socks5Greeting
{
    /// <summary>The longest that <see cref="Write"/> writes.</summary>
    public const int MaxWritten = 4;

    /// <summary>The answer's length.</summary>
    public const int SelectionLength = 2;

    /// <param name="bytes">The bytes so far.</param>
    /// <param name="methods">The methods offered, at least one.</param>
    /// <param name="length">The message's length, when it is parsed.</param>
    public static SocksParseStatus TryParse(ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> methods, out int length)
    {
        methods = default;
        length = 0;
        if (bytes is [not Socks5Protocol.Version, ..] or [_, 0, ..])
        {
            return SocksParseStatus.Malformed;
        }

        if (bytes.Length < 2 || bytes.Length < 2 + bytes[1])
        {
            return SocksParseStatus.NeedMore;
        }

        length = 2 + bytes[1];
        methods = bytes[2..length];
        return SocksParseStatus.Parsed;
    }

    /// <summary>Offers no authentication, and a password too where there is one; returns the message's length.</summary>
    public static int Write(Span<byte> destination, bool hasPassword)
    {
        ReadOnlySpan<byte> message = hasPassword
            ? [Socks5Protocol.Version, 2, (byte)Socks5Method.None, (byte)Socks5Method.Password]
            : [Socks5Protocol.Version, 1, (byte)Socks5Method.None];
        message.CopyTo(destination);
        return message.Length;
    }

    /// <summary>Reads the answer, which is <see cref="SelectionLength"/> long. That it is a method that was offered is the caller's to check.</summary>
    public static SocksParseStatus TryParseSelection(ReadOnlySpan<byte> bytes, out Socks5Method method)
    {
        method = default;
        if (bytes is [not Socks5Protocol.Version, ..])
        {
            return SocksParseStatus.Malformed;
        }

        if (bytes.Length < SelectionLength)
        {
            return SocksParseStatus.NeedMore;
        }

        method = (Socks5Method)bytes[1];
        return SocksParseStatus.Parsed;
    }
}
