using System;
using Microsoft.AspNetCore.Http;
using WmProxy.Connectors;

namespace WmProxy.ForwardProxy.Http;

/// <summary>
/// A request-target in absolute form (RFC 9112 section 3.2.2), taken apart without being changed: what the destination gets is what the client wrote.
/// </summary>
internal sealed class RequestTarget
{
    private const int DefaultPort = 80;

    private RequestTarget(ForwardTarget destination, string host, string pathAndQuery)
    {
        (Destination, Host, PathAndQuery) = (destination, host, pathAndQuery);
        var name = destination.Host.Contains(':', StringComparison.Ordinal) ? $"[{destination.Host}]" : destination.Host;
        Uri = Uri.TryCreate($"http://{name}:{destination.Port}{pathAndQuery}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }, out var uri) ? uri : null;
    }

    /// <summary>Where to.</summary>
    public ForwardTarget Destination { get; }

    /// <summary>The <c>Host</c> field for the destination: host and port as the client wrote them in the target.</summary>
    public string Host { get; }

    /// <summary>The target in origin form.</summary>
    public string PathAndQuery { get; }

    /// <summary>For a client of HTTP; its path and query are taken as they are.</summary>
    public Uri? Uri { get; }

    /// <summary>The target for a log: a query may carry secrets.</summary>
    public string LogText
    {
        get
        {
            var query = PathAndQuery.IndexOf('?', StringComparison.Ordinal);
            return $"http://{Host}{(query < 0 ? PathAndQuery : PathAndQuery[..query])}";
        }
    }

    /// <param name="method">The method; <c>OPTIONS</c> of a whole server is something else.</param>
    /// <param name="text">The target as it stands in the request line.</param>
    /// <param name="error">What to say where it is not one that can be served.</param>
    public static RequestTarget? Parse(string method, string text, out HttpAnswer error)
    {
        var end = text.IndexOf("://", StringComparison.Ordinal);
        if (text.StartsWith('/') || end <= 0)
        {
            error = HttpAnswer.BadRequest("This is a proxy: requests have the whole URI, with http://, in their request line.");
            return null;
        }

        var scheme = text.AsSpan(0, end);
        if (scheme.Equals("https", StringComparison.OrdinalIgnoreCase))
        {
            // It would take TLS to the destination in the client's name, of which the client could see nothing.
            error = new HttpAnswer(StatusCodes.Status501NotImplemented, "Use CONNECT for https.");
            return null;
        }

        error = HttpAnswer.BadRequest("Only http URIs are served, and https by CONNECT.");
        if (!scheme.Equals("http", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        error = HttpAnswer.BadRequest("The URI in the request line is malformed.");
        var rest = text.AsSpan(end + "://".Length);
        var length = rest.IndexOfAny('/', '?');
        var authority = length < 0 ? rest : rest[..length];
        var path = length < 0 ? default : rest[length..];

        // RFC 9112 section 3.2: no fragment, no white space, nothing beyond ASCII. RFC 9110 section 4.2.4: user information is an error.
        if (rest.Contains('#') || path.ContainsAnyExceptInRange('!', '~') || !Authority.TryParse(authority, DefaultPort, out var destination))
        {
            return null;
        }

        if (method == HttpMethods.Options && path.IsEmpty)
        {
            // RFC 9112 section 3.2.4: it would have to go on as "*", which the client of HTTP that is used here cannot write.
            error = new HttpAnswer(StatusCodes.Status501NotImplemented, "OPTIONS of a whole server is not served; name a path.");
            return null;
        }

        var target = new RequestTarget(destination, authority.TrimEnd(':').ToString(), path.StartsWith('/') ? path.ToString() : $"/{path}");
        return target.Uri is null ? null : target;
    }
}
