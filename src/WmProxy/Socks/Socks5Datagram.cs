using System;

namespace WmProxy.Socks;

/// <summary>The header of a datagram between client and relay, RSV FRAG ATYP ADDR PORT, behind which its data begins (RFC 1928 section 7).</summary>
internal static class Socks5Datagram
{
    /// <summary>Where the address begins.</summary>
    public const int AddressStart = 3;

    /// <summary>The longest header.</summary>
    public const int MaxHeaderLength = AddressStart + Socks5Address.MaxLength;

    /// <summary>Tells where address and data are. The address is not looked into, so that this costs nothing where it is known already.</summary>
    /// <param name="datagram">The whole datagram.</param>
    /// <param name="fragment">FRAG: 0 for a datagram that stands alone.</param>
    /// <param name="headerLength">Where the data begins; the address ends there.</param>
    /// <returns>Whether it is well-formed.</returns>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out byte fragment, out int headerLength)
    {
        (fragment, headerLength) = (0, 0);
        if (datagram is not [0, 0, var number, ..] || Socks5Address.TryMeasure(datagram[AddressStart..], out var addressLength) != SocksParseStatus.Parsed)
        {
            return false;
        }

        (fragment, headerLength) = (number, AddressStart + addressLength);
        return true;
    }

    /// <summary>Writes what is in front of the address, which <see cref="Socks5Address"/> writes at <see cref="AddressStart"/>.</summary>
    public static void WriteHead(Span<byte> destination) => destination[..AddressStart].Clear();
}
