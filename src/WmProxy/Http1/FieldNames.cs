using System;
using System.Text;

namespace WmProxy.Http1;

/// <summary>Knows fields by their names, which are the same in any case (RFC 9110 section 5.1).</summary>
internal static class FieldNames
{
    public static FieldKind KindOf(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 when Is(name, "TE"u8) => FieldKind.TE,
        3 when Is(name, "Via"u8) => FieldKind.Via,
        4 when Is(name, "Host"u8) => FieldKind.Host,
        4 when Is(name, "Date"u8) => FieldKind.Date,
        6 when Is(name, "Expect"u8) => FieldKind.Expect,
        6 when Is(name, "Cookie"u8) => FieldKind.Cookie,
        7 when Is(name, "Upgrade"u8) => FieldKind.Upgrade,
        7 when Is(name, "Trailer"u8) => FieldKind.Trailer,
        10 when Is(name, "Connection"u8) => FieldKind.Connection,
        10 when Is(name, "Keep-Alive"u8) => FieldKind.HopByHop,
        12 when Is(name, "Max-Forwards"u8) => FieldKind.MaxForwards,
        13 when Is(name, "Authorization"u8) => FieldKind.Authorization,
        14 when Is(name, "Content-Length"u8) => FieldKind.ContentLength,
        14 when Is(name, "HTTP2-Settings"u8) => FieldKind.HopByHop,
        16 when Is(name, "Proxy-Connection"u8) => FieldKind.ProxyConnection,
        17 when Is(name, "Transfer-Encoding"u8) => FieldKind.TransferEncoding,
        19 when Is(name, "Proxy-Authorization"u8) => FieldKind.ProxyAuthorization,
        > 6 when Is(name[..6], "Proxy-"u8) => FieldKind.Proxy,
        _ => FieldKind.Other,
    };

    public static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> other) => Ascii.EqualsIgnoreCase(name, other);
}
