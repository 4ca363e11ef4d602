using System;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace WmProxy.Connectors;

/// <summary>The user name and password in the address of a parent proxy. Nothing prints the password.</summary>
internal sealed class ParentCredentials : IEquatable<ParentCredentials>
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private ParentCredentials(string user, string password) => (User, Password) = (user, password);

    public string User { get; }

    public string Password { get; }

    /// <summary>
    /// Reads <c>user:password</c> of a URI's authority, with anything but letters, digits and a few signs percent-encoded (RFC 3986 section 3.2.1).
    /// No message says what is in it.
    /// </summary>
    public static bool TryParse(
        string scheme, ReadOnlySpan<char> userInfo, [NotNullWhen(true)] out ParentCredentials? credentials, [NotNullWhen(false)] out string? error)
    {
        credentials = null;
        var colon = userInfo.IndexOf(':');
        var user = Decode(colon < 0 ? userInfo : userInfo[..colon]);
        var password = Decode(colon < 0 ? default : userInfo[(colon + 1)..]);
        if (user is null || password is null)
        {
            error = "has a user name or password with a character that must be percent-encoded there, as '@' is %40, ':' is %3A, '/' is %2F and '%' is %25";
        }
        else if (user.Length == 0)
        {
            error = "has an '@' without a user name before it";
        }
        else
        {
            error = FindError(scheme, user, password);
        }

        credentials = error is null ? new ParentCredentials(user!, password!) : null;
        return error is null;
    }

    public bool Equals(ParentCredentials? other) => other is not null && User == other.User && Password == other.Password;

    public override bool Equals(object? obj) => Equals(obj as ParentCredentials);

    public override int GetHashCode() => HashCode.Combine(User, Password);

    /// <summary>The user name alone.</summary>
    public override string ToString() => User;

    private static string? FindError(string scheme, string user, string password)
    {
        if (scheme is DestinationAddress.Socks5Scheme or DestinationAddress.Socks5TlsScheme)
        {
            // RFC 1929 section 2: lengths of 1 to 255.
            return Encoding.UTF8.GetByteCount(user) > byte.MaxValue || Encoding.UTF8.GetByteCount(password) is 0 or > byte.MaxValue
                ? "has a user name or password that SOCKS5 cannot carry: each has 1 to 255 bytes"
                : null;
        }

        // RFC 7617 section 2.
        return user.Contains(':', StringComparison.Ordinal) ? "has a user name with a colon, which HTTP cannot carry"
            : $"{user}{password}".AsSpan().ContainsAnyInRange('\0', '\u001f') ? "has a user name or password with a control character, which HTTP cannot carry"
            : null;
    }

    private static string? Decode(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        var length = 0;
        while (!text.IsEmpty)
        {
            if (text[0] != '%')
            {
                var next = text.IndexOf('%') is var percent and >= 0 ? percent : text.Length;
                var literal = text[..next];
                if (literal.IndexOfAny("@:/?#[] \t\r\n") >= 0)
                {
                    return null;
                }

                length += Encoding.UTF8.GetBytes(literal, bytes.AsSpan(length));
                text = text[next..];
            }
            else if (text.Length < 3 || !byte.TryParse(text[1..3], System.Globalization.NumberStyles.AllowHexSpecifier, null, out bytes[length]))
            {
                return null;
            }
            else
            {
                length++;
                text = text[3..];
            }
        }

        try
        {
            return StrictUtf8.GetString(bytes.AsSpan(0, length));
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
