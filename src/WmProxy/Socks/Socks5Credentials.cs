using System;

namespace WmProxy.Socks;

/// <summary>A user name and a password, VER ULEN UNAME PLEN PASSWD, and the answer to them, VER STATUS (RFC 1929 section 2).</summary>
internal static class Socks5Credentials
{
    /// <summary>The longest message.</summary>
    public const int MaxLength = 3 + 255 + 255;

    /// <summary>The answer's length.</summary>
    public const int StatusLength = 2;

    /// <param name="bytes">The bytes so far.</param>
    /// <param name="user">Where in them the name is; 1 to 255 bytes, as the RFC has it.</param>
    /// <param name="password">Likewise the password. An empty one passes, for clients that have only a name, and is nobody's.</param>
    /// <param name="length">The message's length, when it is parsed.</param>
    public static SocksParseStatus TryParse(ReadOnlySpan<byte> bytes, out Range user, out Range password, out int length)
    {
        (user, password, length) = (default, default, 0);
        if (bytes is [not Socks5Protocol.PasswordVersion, ..] or [_, 0, ..])
        {
            return SocksParseStatus.Malformed;
        }

        if (bytes.Length < 2 || bytes.Length < 2 + bytes[1] + 1)
        {
            return SocksParseStatus.NeedMore;
        }

        var passwordStart = 2 + bytes[1] + 1;
        var end = passwordStart + bytes[passwordStart - 1];
        if (bytes.Length < end)
        {
            return SocksParseStatus.NeedMore;
        }

        (user, password, length) = (2..(passwordStart - 1), passwordStart..end, end);
        return SocksParseStatus.Parsed;
    }

    /// <summary>Writes the message; returns its length.</summary>
    /// <exception cref="ArgumentException">One of them is empty or longer than 255 bytes.</exception>
    public static int Write(Span<byte> destination, ReadOnlySpan<byte> user, ReadOnlySpan<byte> password)
    {
        if (user.Length is 0 or > byte.MaxValue || password.Length is 0 or > byte.MaxValue)
        {
            throw new ArgumentException("User name and password have 1 to 255 bytes each.");
        }

        (destination[0], destination[1]) = (Socks5Protocol.PasswordVersion, (byte)user.Length);
        user.CopyTo(destination[2..]);
        destination[2 + user.Length] = (byte)password.Length;
        password.CopyTo(destination[(3 + user.Length)..]);
        return 3 + user.Length + password.Length;
    }

    /// <summary>Reads the answer, which is <see cref="StatusLength"/> long.</summary>
    /// <remarks>Its version is not looked at: servers are about that answer with that of SOCKS, and clients let them.</remarks>
    public static SocksParseStatus TryParseStatus(ReadOnlySpan<byte> bytes, out bool isAccepted)
    {
        isAccepted = bytes is [_, 0, ..];
        return bytes.Length < StatusLength ? SocksParseStatus.NeedMore : SocksParseStatus.Parsed;
    }
}
