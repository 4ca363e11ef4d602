namespace WmProxy.Socks;

/// <summary>What a client may ask for (RFC 1928 section 4; SOCKS 4 has the first two). Values beyond these are kept as they came.</summary>
internal enum SocksCommand : byte
{
    Connect = 1,
    Bind = 2,
    UdpAssociate = 3,
}
