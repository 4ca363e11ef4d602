using System;
using System.Globalization;
using System.Text;
using WmProxy.Http1;

namespace WmProxy.ForwardProxy.Http;

/// <summary>
/// Writes heads for the other side: as they came, but for what a proxy changes in a message on its way (RFC 9110 section 7.6, RFC 9112 section 3.2).
/// </summary>
internal sealed class ForwardHeadWriter
{
    private readonly ViaField _via;
    private readonly TimeProvider _timeProvider;
    private DateLine _date = new(0, []);

    public ForwardHeadWriter(ViaField via, TimeProvider timeProvider) => (_via, _timeProvider) = (via, timeProvider);

    /// <summary>Whether a request asks for another protocol that can be passed on: HTTP/2 cannot, since its requests would not be judged.</summary>
    public static bool IsUpgrade(RequestHead request)
    {
        if ((request.Options & ConnectionOptions.Upgrade) == 0 || !request.IsHttp11 || request.Framing.HasContent)
        {
            return false;
        }

        var isUpgrade = false;
        for (var i = 0; i < request.FieldCount; i++)
        {
            if (request.KindOf(i) == FieldKind.Upgrade)
            {
                isUpgrade = !MessageHead.HasOption(request.ValueOf(i), "h2c"u8);
                if (!isUpgrade)
                {
                    break;
                }
            }
        }

        return isUpgrade;
    }

    public void WriteRequest(OutputBuffer output, ForwardExchange exchange, bool isUpgrade)
    {
        var request = exchange.Request;
        AppendAscii(output, request.Method);
        output.Append(" "u8);
        exchange.Target!.WritePath(output, request);
        output.Append(" HTTP/1.1\r\n"u8);
        output.AppendField("Host"u8, exchange.Target.Host);
        var acceptsTrailers = false;
        for (var i = 0; i < request.FieldCount; i++)
        {
            var kind = request.KindOf(i);
            acceptsTrailers |= kind == FieldKind.TE && MessageHead.HasOption(request.ValueOf(i), "trailers"u8);
            var isKept = kind switch
            {
                FieldKind.Connection or FieldKind.Host or FieldKind.TransferEncoding or FieldKind.ProxyAuthorization or FieldKind.ProxyConnection
                    or FieldKind.Proxy or FieldKind.HopByHop or FieldKind.TE or FieldKind.Via => false,
                FieldKind.Upgrade => isUpgrade,
                FieldKind.MaxForwards => exchange.ForwardsLeft is null,

                // RFC 9110 section 10.1.1: from a client of HTTP/1.0 it is to be ignored.
                FieldKind.Expect => request.IsHttp11,
                _ => true,
            };
            if (isKept && (kind == FieldKind.Upgrade || !request.IsNominated(i)))
            {
                output.AppendField(request.NameOf(i), request.ValueOf(i));
            }
        }

        if (exchange.ForwardsLeft is { } left)
        {
            output.Append("Max-Forwards: "u8);
            output.Append(left - 1);
            output.Append("\r\n"u8);
        }

        if (request.Framing.Kind == BodyKind.Chunked)
        {
            output.Append("Transfer-Encoding: chunked\r\n"u8);
        }

        _via.Write(output, request);

        // Trailers are passed on, so that they may be asked for. Of anything else that TE may say nothing is known here.
        output.Append(isUpgrade ? "Connection: Upgrade\r\n"u8 : acceptsTrailers ? "TE: trailers\r\nConnection: TE\r\n"u8 : default);
        output.Append("\r\n"u8);
    }

    /// <param name="output">Where to.</param>
    /// <param name="exchange">What it answers.</param>
    /// <param name="asChunks">Whether the content is passed on in chunks.</param>
    public void WriteResponse(OutputBuffer output, ForwardExchange exchange, bool asChunks)
    {
        var response = exchange.Connection.Response;
        var isUpgrade = response.StatusCode is 101 or 426;
        output.Append("HTTP/1.1 "u8);
        output.Append(response.Status);

        // RFC 9112 section 4: the space is there without a reason phrase too.
        output.Append(response.Status.Length > 3 ? "\r\n"u8 : " \r\n"u8);
        var hasDate = response.IsInterim || response.StatusCode == 101;
        var hasLength = false;
        for (var i = 0; i < response.FieldCount; i++)
        {
            var kind = response.KindOf(i);
            hasDate |= kind == FieldKind.Date;
            var isKept = kind switch
            {
                FieldKind.Connection or FieldKind.TransferEncoding or FieldKind.ProxyAuthorization or FieldKind.ProxyConnection or FieldKind.Proxy
                    or FieldKind.HopByHop or FieldKind.TE or FieldKind.Via => false,
                FieldKind.Upgrade => isUpgrade,
                FieldKind.ContentLength => !hasLength && IsLengthMeant(response, exchange.Request),
                _ => true,
            };
            if (isKept && (kind == FieldKind.Upgrade || !response.IsNominated(i)))
            {
                var value = response.ValueOf(i);
                output.AppendField(response.NameOf(i), kind == FieldKind.ContentLength ? LengthOf(value) : value);
            }

            hasLength |= kind == FieldKind.ContentLength;
        }

        if (!hasDate)
        {
            // RFC 9110 section 6.6.1.
            output.Append(GetDateLine());
        }

        _via.Write(output, response);
        output.Append(asChunks ? "Transfer-Encoding: chunked\r\n"u8 : default);
        output.Append(isUpgrade ? "Connection: Upgrade\r\n"u8 : default);
        output.Append(exchange.KeepsAlive || response.IsInterim || response.StatusCode == 101 ? default : "Connection: close\r\n"u8);
        output.Append("\r\n"u8);
    }

    // RFC 9110 section 8.6, RFC 9112 section 6.3.
    private static bool IsLengthMeant(ResponseHead response, RequestHead request) => response.Framing.Kind switch
    {
        BodyKind.Length => true,
        BodyKind.None => response.StatusCode == 304 || (request.Method == "HEAD" && response.StatusCode is >= 200 and not 204),
        _ => false,
    };

    // RFC 9110 section 8.6: one that was said several times is passed on once.
    private static ReadOnlySpan<byte> LengthOf(ReadOnlySpan<byte> value) => value.IndexOf((byte)',') is > 0 and var end ? value[..end].TrimEnd(" \t"u8) : value;

    private static void AppendAscii(OutputBuffer output, string text)
    {
        Span<byte> bytes = stackalloc byte[text.Length];
        Encoding.ASCII.GetBytes(text, bytes);
        output.Append(bytes);
    }

    private byte[] GetDateLine()
    {
        var now = _timeProvider.GetUtcNow();
        var (date, second) = (_date, now.ToUnixTimeSeconds());
        if (date.Second != second)
        {
            _date = date = new DateLine(second, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"Date: {now:R}\r\n")));
        }

        return date.Line;
    }

    private sealed record DateLine(long Second, byte[] Line);
}
