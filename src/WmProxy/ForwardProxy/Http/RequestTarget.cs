using System;
using System.Text;
using Microsoft.AspNetCore.Http;
using WmProxy.Connectors;
using WmProxy.Http1;

namespace WmProxy.ForwardProxy.Http;

/// <summary>
/// Scheme and authority of a request-target in absolute form (RFC 9112 section 3.2.2), taken apart without being changed: what the destination gets is what the
/// client wrote. Path and query stay in the head.
/// </summary>
internal sealed class RequestTarget
{
    private const int DefaultPort = 80;

    private readonly byte[] _authority;
    private readonly int _pathStart;

    private RequestTarget(byte[] authority, int pathStart, ForwardTarget destination)
    {
        _authority = authority;
        _pathStart = pathStart;
        Destination = destination;
        Text = destination.ToString();
    }

    /// <summary>Where to.</summary>
    public ForwardTarget Destination { get; }

    /// <summary><see cref="Destination"/> in words.</summary>
    public string Text { get; }

    /// <summary>The <c>Host</c> field for the destination: host and port as the client wrote them in the target.</summary>
    public ReadOnlySpan<byte> Host => _authority.AsSpan().TrimEnd((byte)':');

    /// <param name="request">The head.</param>
    /// <param name="last">The target of the connection's last request, which often is the same.</param>
    /// <param name="error">What to say where it is not one that can be served.</param>
    public static RequestTarget? Parse(RequestHead request, RequestTarget? last, out HttpAnswer error)
    {
        var text = request.Target;
        var end = text.IndexOf("://"u8);
        if (text[0] == '/' || end <= 0)
        {
            error = HttpAnswer.BadRequest("This is a proxy: requests have the whole URI, with http://, in their request line.");
            return null;
        }

        // RFC 3986 section 3.1: in any case.
        if (FieldNames.Is(text[..end], "https"u8))
        {
            // It would take TLS to the destination in the client's name, of which the client could see nothing.
            error = new HttpAnswer(StatusCodes.Status501NotImplemented, "Use CONNECT for https.");
            return null;
        }

        if (!FieldNames.Is(text[..end], "http"u8))
        {
            error = HttpAnswer.BadRequest("Only http URIs are served, and https by CONNECT.");
            return null;
        }

        error = HttpAnswer.BadRequest("The URI in the request line is malformed.");
        var start = end + "://".Length;
        var length = text[start..].IndexOfAny((byte)'/', (byte)'?');
        var pathStart = length < 0 ? text.Length : start + length;

        // RFC 9112 section 3.2: no fragment, no white space, nothing beyond ASCII.
        if (text[start..].Contains((byte)'#') || text[pathStart..].ContainsAnyExceptInRange((byte)'!', (byte)'~'))
        {
            return null;
        }

        var authority = text[start..pathStart];
        return last is not null && last._pathStart == pathStart && authority.SequenceEqual(last._authority) ? last : Parse(authority, pathStart);
    }

    /// <summary>Path and query, in origin form; for <c>OPTIONS</c> of a whole server <c>*</c> (RFC 9112 section 3.2.4).</summary>
    public void WritePath(OutputBuffer output, RequestHead request)
    {
        var path = request.Target[_pathStart..];
        if (path.IsEmpty || path[0] == '?')
        {
            output.Append(path.IsEmpty && request.Method == "OPTIONS" ? "*"u8 : "/"u8);
        }

        output.Append(path);
    }

    /// <summary>The target for a log: a query may carry secrets.</summary>
    public string Describe(RequestHead request)
    {
        var path = request.Target[_pathStart..];
        var query = path.IndexOf((byte)'?');
        path = query < 0 ? path : path[..query];
        return $"http://{Encoding.ASCII.GetString(Host)}{(path.IsEmpty ? "/" : Encoding.ASCII.GetString(path))}";
    }

    private static RequestTarget? Parse(ReadOnlySpan<byte> authority, int pathStart)
    {
        // RFC 9110 section 4.2.4: user information is an error.
        return Authority.TryParse(authority, DefaultPort, out var destination) ? new RequestTarget(authority.ToArray(), pathStart, destination) : null;
    }
}
