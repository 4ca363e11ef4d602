namespace WmProxy.Socks;

/// <summary>Numbers of SOCKS 5 (RFC 1928) and of its user names and passwords (RFC 1929).</summary>
internal static class Socks5Protocol
{
    /// <summary>The first byte of every message but those of RFC 1929.</summary>
    public const byte Version = 0x05;

    /// <summary>The first byte of the messages of RFC 1929.</summary>
    public const byte PasswordVersion = 0x01;

    public const byte IPv4 = 0x01;
    public const byte DomainName = 0x03;
    public const byte IPv6 = 0x04;

    /// <summary>More than the longest message has, so that what lies in front of a buffer of this size can always be parsed.</summary>
    public const int BufferSize = 2048;
}
