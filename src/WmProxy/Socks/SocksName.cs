using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;
using WmProxy.Connections;
using WmProxy.ForwardProxy;

namespace WmProxy.Socks;

/// <summary>
/// Host names in requests. Nothing but what a resolver and a rule understand alike passes: a name that one of them would cut short at a NUL, or read as
/// an address, would be judged as something else than what is dialled.
/// </summary>
internal static class SocksName
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly IdnMapping Idn = new();

    /// <summary>Reads a name. Names beyond ASCII come out as A-labels (RFC 5891), the only form that rules know.</summary>
    /// <param name="bytes">The name as it came, without length or terminator.</param>
    /// <param name="host">The name, without a dot at its end; the address's text where it is one.</param>
    /// <param name="address">The address, where it is one in any notation that resolvers take (<c>127.1</c> too); else <see langword="null"/>.</param>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out string? host, out IPAddress? address)
    {
        address = null;
        host = Ascii.IsValid(bytes) ? Encoding.ASCII.GetString(bytes) : ToALabels(bytes);
        if (host is null)
        {
            return false;
        }

        if (host is [.. var withoutDot, '.'])
        {
            host = withoutDot;
        }

        var isName = HostNameSyntax.IsName(host);
        if ((isName || IsIPv6(host)) && IPAddress.TryParse(host, out address))
        {
            address = address.Unmap();
            host = address.ToString();
            return true;
        }

        return isName;
    }

    private static string? ToALabels(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Idn.GetAscii(StrictUtf8.GetString(bytes));
        }
        catch (ArgumentException)
        {
            // Neither UTF-8 nor a name.
            return null;
        }
    }

    // Without a scope, which names an interface of somebody else's machine.
    private static bool IsIPv6(string host) =>
        host.Contains(':', StringComparison.Ordinal) && !host.AsSpan().ContainsAnyExcept("0123456789abcdefABCDEF:.");
}
