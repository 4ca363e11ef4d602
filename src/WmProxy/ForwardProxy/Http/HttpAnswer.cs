using System;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using WmProxy.Http1;

namespace WmProxy.ForwardProxy.Http;

/// <summary>What the proxy itself says to a client of HTTP instead of a destination.</summary>
/// <param name="Status">The status code.</param>
/// <param name="Text">The reason in one sentence, for whoever sits at the client: nothing of how this proxy is made up.</param>
internal readonly record struct HttpAnswer(int Status, string Text)
{
    /// <summary>The challenge of a 407 (RFC 7617 section 2).</summary>
    public const string Challenge = "Basic realm=\"proxy\", charset=\"UTF-8\"";

    public static HttpAnswer AuthenticationRequired { get; } =
        new(StatusCodes.Status407ProxyAuthenticationRequired, "This proxy requires a user name and a password.");

    public static HttpAnswer NoConnect { get; } = new(StatusCodes.Status403Forbidden, "This proxy does not take CONNECT requests.");

    public static HttpAnswer OnlyConnect { get; } = new(StatusCodes.Status403Forbidden, "This proxy allows CONNECT only.");

    public static HttpAnswer HeadTooLong { get; } = new(StatusCodes.Status431RequestHeaderFieldsTooLarge, "The head of the request is too long.");

    public static HttpAnswer BadRequest(string text) => new(StatusCodes.Status400BadRequest, text);

    /// <summary>Whether a request after one with this answer cannot be told apart from the rest of that one.</summary>
    public bool IsFinal => Status is StatusCodes.Status400BadRequest or StatusCodes.Status431RequestHeaderFieldsTooLarge or StatusCodes.Status501NotImplemented
        or StatusCodes.Status505HttpVersionNotsupported;

    /// <summary>How a malformed head is answered.</summary>
    public static HttpAnswer Of(HeadError error) => error switch
    {
        HeadError.Version => new(StatusCodes.Status505HttpVersionNotsupported, "This proxy speaks HTTP/1.1."),
        HeadError.TooManyFields => new(StatusCodes.Status431RequestHeaderFieldsTooLarge, "The request has too many fields."),
        HeadError.FieldLine => BadRequest("A field line is malformed."),
        HeadError.Host => BadRequest("A request has one Host field."),
        HeadError.ContentLength => BadRequest("The Content-Length is not valid."),
        HeadError.TransferEncoding => BadRequest("The only Transfer-Encoding is chunked, in HTTP/1.1 and without a Content-Length."),
        _ => BadRequest("The request line is malformed."),
    };

    /// <summary>How a refusal is said in HTTP.</summary>
    public static HttpAnswer Of(ForwardRefusal refusal) => refusal switch
    {
        ForwardRefusal.RuleDenied => new(StatusCodes.Status403Forbidden, "This proxy does not allow access to this destination."),
        ForwardRefusal.GuardDenied => new(StatusCodes.Status403Forbidden, "This proxy does not connect to addresses of this kind."),
        ForwardRefusal.Loop => new(StatusCodes.Status508LoopDetected, "The request leads back to this proxy."),
        ForwardRefusal.NameNotResolved => new(StatusCodes.Status502BadGateway, "The name of the destination could not be resolved."),
        ForwardRefusal.ConnectionRefused => new(StatusCodes.Status502BadGateway, "The destination refused the connection."),
        ForwardRefusal.NetworkUnreachable => new(StatusCodes.Status502BadGateway, "The network of the destination cannot be reached."),
        ForwardRefusal.HostUnreachable => new(StatusCodes.Status502BadGateway, "The destination cannot be reached."),
        ForwardRefusal.Timeout => new(StatusCodes.Status504GatewayTimeout, "The destination did not answer in time."),
        ForwardRefusal.ParentFailed => new(StatusCodes.Status502BadGateway, "The next proxy could not reach the destination."),
        _ => new(StatusCodes.Status502BadGateway, "The connection to the destination failed."),
    };

    /// <summary>The whole message, for a connection that no server of HTTP has.</summary>
    /// <param name="keepAlive">Whether another request may follow.</param>
    /// <param name="now">The time.</param>
    /// <param name="isToHead">Whether it answers <c>HEAD</c>, and so has no content.</param>
    public byte[] ToBytes(bool keepAlive, DateTimeOffset now, bool isToHead = false)
    {
        var body = Text + "\n";
        var message = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {Status} {ReasonPhrases.GetReasonPhrase(Status)}\r\n")
            .Append(CultureInfo.InvariantCulture, $"Date: {now:R}\r\n");
        if (Status == StatusCodes.Status407ProxyAuthenticationRequired)
        {
            message.Append("Proxy-Authenticate: ").Append(Challenge).Append("\r\n");
        }

        if (!keepAlive)
        {
            message.Append("Connection: close\r\n");
        }

        message.Append(CultureInfo.InvariantCulture, $"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {body.Length}\r\n\r\n").Append(isToHead ? "" : body);
        return Encoding.ASCII.GetBytes(message.ToString());
    }
}
