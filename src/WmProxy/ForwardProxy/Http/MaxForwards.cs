using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace WmProxy.ForwardProxy.Http;

/// <summary><c>Max-Forwards</c> (RFC 9110 section 7.6.2): a client may ask how far its <c>OPTIONS</c> or <c>TRACE</c> gets.</summary>
internal static class MaxForwards
{
    // RFC 9110 section 9.3.8: what is sensitive is not reflected.
    private static readonly HashSet<string> Sensitive =
        new(StringComparer.OrdinalIgnoreCase) { HeaderNames.Authorization, HeaderNames.ProxyAuthorization, HeaderNames.Cookie };

    /// <summary>Reads the field; <see langword="false"/> where it is malformed.</summary>
    /// <param name="request">The request.</param>
    /// <param name="left">How many times the request may be forwarded; <see langword="null"/> for any number.</param>
    public static bool TryRead(HttpRequest request, out int? left)
    {
        left = null;
        var values = request.Headers[HeaderNames.MaxForwards];
        if (values.Count == 0 || !(HttpMethods.IsOptions(request.Method) || HttpMethods.IsTrace(request.Method)))
        {
            return true;
        }

        if (values.Count > 1 || !int.TryParse(values[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        left = number;
        return true;
    }

    /// <summary>Answers a request that may be forwarded no more, as its destination would.</summary>
    public static async Task AnswerAsync(HttpContext context)
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status200OK;
        if (HttpMethods.IsOptions(context.Request.Method))
        {
            response.ContentLength = 0;
            return;
        }

        var text = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"{context.Request.Method} {context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget} {context.Request.Protocol}\r\n");
        foreach (var (name, values) in context.Request.Headers)
        {
            foreach (var value in values)
            {
                if (!Sensitive.Contains(name))
                {
                    text.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
                }
            }
        }

        var message = Encoding.Latin1.GetBytes(text.Append("\r\n").ToString());
        response.ContentType = "message/http";
        response.ContentLength = message.Length;
        await response.Body.WriteAsync(message, context.RequestAborted);
    }
}
