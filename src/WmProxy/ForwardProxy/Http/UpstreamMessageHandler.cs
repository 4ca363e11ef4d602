using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.ForwardProxy.Http;

/// <summary>Sees to what the client of HTTP does not: content is passed on as it comes, and nothing is sent twice that may not be.</summary>
internal sealed class UpstreamMessageHandler : DelegatingHandler
{
    public UpstreamMessageHandler(HttpMessageHandler inner)
        : base(inner)
    {
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Content is { } content)
        {
            request.Content = new StreamedContent(content);
        }
        else if (!IsIdempotent(request.Method))
        {
            // RFC 9110 section 9.2.2: what a kept-alive connection fails in the middle of is sent again only if it may be, and without content the
            // client of HTTP takes that for granted.
            request.Content = new ByteArrayContent([]);
        }

        return base.SendAsync(request, cancellationToken);
    }

    private static bool IsIdempotent(HttpMethod method) => method.Method is "GET" or "HEAD" or "OPTIONS" or "TRACE" or "PUT" or "DELETE";
}
