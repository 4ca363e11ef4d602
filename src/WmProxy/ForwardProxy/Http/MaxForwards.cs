using System;
using System.Buffers.Text;
using System.Text;
using WmProxy.Http1;

namespace WmProxy.ForwardProxy.Http;

/// <summary><c>Max-Forwards</c> (RFC 9110 section 7.6.2): a client may ask how far its <c>OPTIONS</c> or <c>TRACE</c> gets.</summary>
internal static class MaxForwards
{
    /// <summary>Reads the field; <see langword="false"/> where it is malformed.</summary>
    /// <param name="request">The request.</param>
    /// <param name="left">How many times the request may be forwarded; <see langword="null"/> for any number.</param>
    public static bool TryRead(RequestHead request, out int? left)
    {
        left = null;
        if (request.Method is not ("OPTIONS" or "TRACE"))
        {
            return true;
        }

        for (var i = request.IndexOf(FieldKind.MaxForwards); i >= 0; i = request.IndexOf(FieldKind.MaxForwards, i + 1))
        {
            var value = request.ValueOf(i);
            if (left is not null || value.ContainsAnyExceptInRange((byte)'0', (byte)'9') || !Utf8Parser.TryParse(value, out int number, out var read) || read != value.Length)
            {
                return false;
            }

            left = number;
        }

        return true;
    }

    /// <summary>The answer to a request that may be forwarded no more, as its destination would give it.</summary>
    public static ReadOnlyMemory<byte> Answer(RequestHead request, bool keepAlive, DateTimeOffset now)
    {
        var content = new OutputBuffer();
        if (request.Method == "TRACE")
        {
            WriteTrace(content, request);
        }

        var answer = new OutputBuffer();
        answer.Append("HTTP/1.1 200 OK\r\n"u8);
        answer.AppendField("Date"u8, Encoding.ASCII.GetBytes(now.ToString("R", System.Globalization.CultureInfo.InvariantCulture)));
        answer.Append(content.Length > 0 ? "Content-Type: message/http\r\n"u8 : default);
        answer.Append(keepAlive ? default : "Connection: close\r\n"u8);
        answer.Append("Content-Length: "u8);
        answer.Append(content.Length);
        answer.Append("\r\n\r\n"u8);
        answer.Append(content.Written.Span);
        var bytes = answer.Written.ToArray();
        answer.Release();
        content.Release();
        return bytes;
    }

    // RFC 9110 section 9.3.8: what is sensitive is not reflected.
    private static void WriteTrace(OutputBuffer output, RequestHead request)
    {
        output.Append(request.RequestLine);
        output.Append("\r\n"u8);
        for (var i = 0; i < request.FieldCount; i++)
        {
            if (request.KindOf(i) is not (FieldKind.Authorization or FieldKind.ProxyAuthorization or FieldKind.Cookie))
            {
                output.AppendField(request.NameOf(i), request.ValueOf(i));
            }
        }

        output.Append("\r\n"u8);
    }
}
