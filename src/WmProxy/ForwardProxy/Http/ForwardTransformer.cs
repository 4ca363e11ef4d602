using System;
using System.Globalization;
using System.Linq;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy.Forwarder;

namespace WmProxy.ForwardProxy.Http;

/// <summary>
/// What a proxy changes in a message on its way (RFC 9110 section 7.6), and nothing else. YARP itself leaves out what it knows to end here, which is more than
/// a forward proxy may leave out, and less.
/// </summary>
internal sealed class ForwardTransformer : HttpTransformer
{
    private const string ProxyPrefix = "Proxy-";

    // Of the destination and the client alone; YARP takes them for the proxy's.
    private static readonly string[] EndToEndRequestFields = [HeaderNames.UpgradeInsecureRequests];
    private static readonly string[] EndToEndResponseFields = [HeaderNames.AltSvc];

    private readonly ViaField _via;

    public ForwardTransformer(ViaField via) => _via = via;

    public override async ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        var exchange = httpContext.Features.GetRequiredFeature<ForwardExchange>();
        var received = httpContext.Request.Headers;
        foreach (var name in EndToEndRequestFields.Where(received.ContainsKey))
        {
            proxyRequest.Headers.Remove(name);
            proxyRequest.Headers.TryAddWithoutValidation(name, received[name].AsEnumerable());
        }

        foreach (var name in ConnectionOptions.Read(exchange.Head.Connection).Concat(received.Keys.Where(IsProxyField)))
        {
            Remove(proxyRequest, name);
        }

        if (!HttpProtocol.IsHttp11(httpContext.Request.Protocol))
        {
            // RFC 9110 section 10.1.1: from a client of HTTP/1.0 it is to be ignored.
            proxyRequest.Headers.Remove(HeaderNames.Expect);
        }

        if (exchange.ForwardsLeft is { } left)
        {
            proxyRequest.Headers.Remove(HeaderNames.MaxForwards);
            proxyRequest.Headers.TryAddWithoutValidation(HeaderNames.MaxForwards, (left - 1).ToString(CultureInfo.InvariantCulture));
        }

        proxyRequest.Headers.TryAddWithoutValidation(HeaderNames.Via, _via.EntryOf(httpContext.Request.Protocol));
        proxyRequest.Headers.Remove(HeaderNames.Host);
        proxyRequest.Headers.TryAddWithoutValidation(HeaderNames.Host, exchange.Target!.Host);
        proxyRequest.RequestUri = exchange.Target.Uri;
        proxyRequest.Options.Set(UpstreamRequest.Key, exchange.Upstream!);
    }

    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse is null)
        {
            return false;
        }

        var response = httpContext.Response;
        if (response.StatusCode == StatusCodes.Status407ProxyAuthenticationRequired)
        {
            // Only a proxy may ask so, and the client would give its password for this one.
            httpContext.Features.GetRequiredFeature<ForwardExchange>().Answer =
                new HttpAnswer(StatusCodes.Status502BadGateway, "The destination asked for the credentials of a proxy.");
            return false;
        }

        await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        var received = proxyResponse.Headers.NonValidated;
        foreach (var name in EndToEndResponseFields)
        {
            if (received.TryGetValues(name, out var values))
            {
                response.Headers[name] = values.ToArray();
            }
        }

        if (received.TryGetValues(HeaderNames.Connection, out var options))
        {
            foreach (var name in ConnectionOptions.Read(options))
            {
                response.Headers.Remove(name);
            }
        }

        foreach (var name in response.Headers.Keys.Where(IsProxyField).ToArray())
        {
            response.Headers.Remove(name);
        }

        response.Headers.Append(HeaderNames.Via, _via.EntryOf(proxyResponse.Version.ToString(2)));
        if (response.ContentLength is null && MayHaveContent(httpContext))
        {
            // Whoever waits for events, or for the first piece of something long, is to know meanwhile that it comes.
            await response.Body.FlushAsync(cancellationToken);
        }

        return true;
    }

    private static bool IsProxyField(string name) => name.StartsWith(ProxyPrefix, StringComparison.OrdinalIgnoreCase);

    private static bool MayHaveContent(HttpContext context) => !HttpMethods.IsHead(context.Request.Method)
        && context.Response.StatusCode is >= StatusCodes.Status200OK and not (StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified);

    private static void Remove(HttpRequestMessage request, string name)
    {
        // A name that no field can have was none.
        if (!Remove(request.Headers, name) && request.Content is { } content)
        {
            Remove(content.Headers, name);
        }
    }

    private static bool Remove(HttpHeaders headers, string name) => headers.NonValidated.Contains(name) && headers.Remove(name);
}
