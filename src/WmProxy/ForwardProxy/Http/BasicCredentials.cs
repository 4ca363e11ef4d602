using System;
using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Unicode;

namespace WmProxy.ForwardProxy.Http;

/// <summary>User and password of the Basic scheme (RFC 7617 section 2). Disposing it clears them.</summary>
internal sealed class BasicCredentials : IDisposable
{
    private readonly byte[] _decoded;
    private readonly int _colon;

    private BasicCredentials(byte[] decoded, int colon) => (_decoded, _colon) = (decoded, colon);

    /// <summary>UTF-8.</summary>
    public ReadOnlyMemory<byte> User => _decoded.AsMemory(0, _colon);

    /// <summary>UTF-8; it may contain colons.</summary>
    public ReadOnlyMemory<byte> Password => _decoded.AsMemory(_colon + 1);

    /// <summary>Reads a value of <c>Proxy-Authorization</c>; <see langword="null"/> for another scheme and for what is malformed.</summary>
    public static BasicCredentials? Parse(ReadOnlySpan<byte> value)
    {
        var space = value.IndexOf((byte)' ');
        if (space < 0 || !System.Text.Ascii.EqualsIgnoreCase(value[..space], "basic"u8))
        {
            return null;
        }

        // RFC 9110 section 11.4: one or more spaces. The decoder itself would take white space anywhere, and bits behind the end.
        var encoded = value[space..].TrimStart((byte)' ');
        if (encoded.IndexOfAny(" \t\r\n"u8) >= 0 || !Base64.IsValid(encoded, out var length))
        {
            return null;
        }

        var decoded = new byte[length];
        if (Base64.DecodeFromUtf8(encoded, decoded, out _, out var written) != OperationStatus.Done || written != length)
        {
            return null;
        }

        var colon = decoded.AsSpan().IndexOf((byte)':');
        if (colon < 0 || !Utf8.IsValid(decoded) || HasControl(decoded))
        {
            CryptographicOperations.ZeroMemory(decoded);
            return null;
        }

        return new BasicCredentials(decoded, colon);
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_decoded);

    // RFC 7617 section 2: neither may contain control characters.
    private static bool HasControl(ReadOnlySpan<byte> text) => text.ContainsAnyInRange((byte)0, (byte)31) || text.Contains((byte)127);
}
