using System;
using System.Text;
using Microsoft.AspNetCore.Http;
using WmProxy.Connectors;
using WmProxy.ForwardProxy.Http;

namespace WmProxy.ForwardProxy.Connect;

/// <summary>
/// The head of a <c>CONNECT</c> request (RFC 9112 sections 2 to 5, RFC 9110 section 9.3.6), without any of the leniences that the RFCs allow: what two parsers
/// read differently is how requests are smuggled.
/// </summary>
internal static class ConnectHeadParser
{
    /// <param name="head">All of it, up to and with the empty line.</param>
    /// <param name="error">What to say when it is not well-formed.</param>
    /// <returns><see langword="null"/> when it is not.</returns>
    public static ConnectHead? Parse(ReadOnlySpan<byte> head, out HttpAnswer error)
    {
        var end = head.IndexOf("\r\n"u8);
        if (!TryParseRequestLine(head[..end], out var target, out var isHttp11, out error))
        {
            return null;
        }

        var fields = new Fields { KeepsAlive = isHttp11 };
        for (var rest = head[(end + 2)..]; !rest.StartsWith("\r\n"u8); rest = rest[(end + 2)..])
        {
            end = rest.IndexOf("\r\n"u8);
            if (ParseField(rest[..end], ref fields) is { } text)
            {
                fields.Credentials?.Dispose();
                error = HttpAnswer.BadRequest(text);
                return null;
            }
        }

        if (isHttp11 && !fields.HasHost)
        {
            // RFC 9112 section 3.2.
            fields.Credentials?.Dispose();
            error = HttpAnswer.BadRequest("The Host field is missing.");
            return null;
        }

        return new ConnectHead { Target = target, Credentials = fields.Credentials, KeepsAlive = fields.KeepsAlive };
    }

    private static bool TryParseRequestLine(ReadOnlySpan<byte> line, out ForwardTarget target, out bool isHttp11, out HttpAnswer error)
    {
        (target, isHttp11) = (default, false);
        error = HttpAnswer.BadRequest("The request line is malformed.");
        if (!line.StartsWith("CONNECT "u8))
        {
            return false;
        }

        var rest = line["CONNECT ".Length..];
        var space = rest.IndexOf((byte)' ');
        if (space < 0)
        {
            return false;
        }

        var version = rest[(space + 1)..];
        if (version.Length != "HTTP/1.1".Length || !version.StartsWith("HTTP/"u8) || !char.IsAsciiDigit((char)version[5]) || version[6] != '.' || !char.IsAsciiDigit((char)version[7]))
        {
            return false;
        }

        if (version[5] != '1')
        {
            error = new HttpAnswer(StatusCodes.Status505HttpVersionNotsupported, "This proxy speaks HTTP/1.1.");
            return false;
        }

        isHttp11 = version[7] != '0';
        error = HttpAnswer.BadRequest("The target of CONNECT is host:port, with a port from 1 to 65535.");
        return TryParseAuthority(rest[..space], defaultPort: null, out target);
    }

    private static string? ParseField(ReadOnlySpan<byte> line, ref Fields fields)
    {
        if (!FieldLine.TryParse(line, out var field))
        {
            return "A field line is malformed.";
        }

        var value = field.Value;
        if (field.Is("Host"u8))
        {
            // Any authority: what it says is of no use here, but two of them, or none that can be read, are how proxies are fooled.
            var isValid = !fields.HasHost && (value.IsEmpty || TryParseAuthority(value, defaultPort: 443, out _));
            fields.HasHost = true;
            return isValid ? null : "The Host field is not valid.";
        }

        if (field.Is("Transfer-Encoding"u8) || (field.Is("Content-Length"u8) && !value.SequenceEqual("0"u8)))
        {
            return "CONNECT has no content.";
        }

        if (field.Is("Proxy-Authorization"u8))
        {
            // Two of them are no credentials: which one is meant?
            fields.Credentials?.Dispose();
            fields.Credentials = fields.HasAuthorization ? null : BasicCredentials.Parse(value);
            fields.HasAuthorization = true;
        }
        else if ((field.Is("Connection"u8) || field.Is("Proxy-Connection"u8)) && field.HasOption("close"u8))
        {
            fields.KeepsAlive = false;
        }

        return null;
    }

    private static bool TryParseAuthority(ReadOnlySpan<byte> text, int? defaultPort, out ForwardTarget target)
    {
        // The longest name and port; Latin-1 keeps what is not ASCII as something that no host has.
        Span<char> characters = stackalloc char[320];
        target = default;
        return text.Length <= characters.Length
            && Authority.TryParse(characters[..Encoding.Latin1.GetChars(text, characters)], defaultPort, out target);
    }

    private ref struct Fields
    {
        public bool HasHost;
        public bool HasAuthorization;
        public bool KeepsAlive;
        public BasicCredentials? Credentials;
    }
}
