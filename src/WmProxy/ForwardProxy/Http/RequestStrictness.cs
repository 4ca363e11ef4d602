using System;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace WmProxy.ForwardProxy.Http;

/// <summary>What Kestrel lets pass, and what must not: a request whose length two recipients may read differently (RFC 9112 section 6.3).</summary>
internal static class RequestStrictness
{
    // Kestrel's name for the Content-Length that it took out of a request with a Transfer-Encoding.
    private const string OverriddenContentLength = "X-Content-Length";

    /// <summary>What is wrong with the request, for its client; <see langword="null"/> for nothing.</summary>
    public static string? Check(HttpRequest request)
    {
        var encoding = request.Headers.TransferEncoding;
        if (encoding.Count == 0)
        {
            return null;
        }

        if (request.Headers.ContainsKey(HeaderNames.ContentLength) || request.Headers.ContainsKey(OverriddenContentLength))
        {
            return "A request has either a Content-Length or a Transfer-Encoding.";
        }

        if (!HttpProtocol.IsHttp11(request.Protocol))
        {
            return "HTTP/1.0 has no Transfer-Encoding.";
        }

        return encoding.Count == 1 && string.Equals(encoding[0]?.Trim(), "chunked", StringComparison.OrdinalIgnoreCase)
            ? null
            : "The only Transfer-Encoding is chunked, once.";
    }
}
