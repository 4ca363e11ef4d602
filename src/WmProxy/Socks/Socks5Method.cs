namespace WmProxy.Socks;

/// <summary>How a client shows who it is (RFC 1928 section 3).</summary>
internal enum Socks5Method : byte
{
    None = 0x00,

    /// <summary>User name and password (RFC 1929).</summary>
    Password = 0x02,

    /// <summary>None of those offered: the client has to close the connection.</summary>
    NoAcceptable = 0xFF,
}
