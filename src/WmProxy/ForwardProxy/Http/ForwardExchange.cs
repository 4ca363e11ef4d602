using System.Threading.Tasks;
using WmProxy.ForwardProxy.Access;
using WmProxy.Http1;

namespace WmProxy.ForwardProxy.Http;

/// <summary>One request of a client, and what becomes of it.</summary>
internal sealed class ForwardExchange
{
    public ForwardExchange(ForwardHttpConnection connection, ForwardProxyModel proxy)
    {
        Connection = connection;
        Proxy = proxy;
        KeepsAlive = connection.Request.KeepsAlive;
    }

    public ForwardHttpConnection Connection { get; }

    /// <summary>The configuration that the request is served by.</summary>
    public ForwardProxyModel Proxy { get; }

    public RequestHead Request => Connection.Request;

    /// <summary>What it is for; <see langword="null"/> where that is malformed.</summary>
    public RequestTarget? Target { get; set; }

    /// <summary><see cref="Target"/> for a log, where the head is not kept as long; else <see langword="null"/>.</summary>
    public string? TargetText { get; set; }

    /// <summary>The authenticated user.</summary>
    public string? User { get; set; }

    /// <summary>The rule that allowed it; <see langword="null"/> until one has.</summary>
    public ForwardRule? Rule { get; set; }

    /// <summary>How often it may still be forwarded; <see langword="null"/> for any number.</summary>
    public int? ForwardsLeft { get; set; }

    /// <summary>The content of the request; <see langword="null"/> where there is none.</summary>
    public BodyRelay? Content { get; set; }

    /// <summary>The content's way to the destination; <see langword="null"/> as long as it is not on it, and where it went with the head.</summary>
    public Task<BodyEnd>? Sending { get; set; }

    /// <summary>Whether the destination has asked for the content that the client holds back (RFC 9110 section 10.1.1).</summary>
    public bool HasContinued { get; set; }

    /// <summary>Whether another request may come on the client's connection.</summary>
    public bool KeepsAlive { get; set; }

    /// <summary>The status code of the response; 0 for none.</summary>
    public int Status { get; set; }

    /// <summary>What went wrong, in words for a log.</summary>
    public string? Error { get; set; }

    /// <summary>Bytes of content from the client, or of what it sent after a change of protocol.</summary>
    public long BytesUp { get; set; }

    /// <summary>Bytes of content to the client.</summary>
    public long BytesDown { get; set; }

    /// <summary>Whether all of the request's content is read, or there was none.</summary>
    public bool IsRequestRead => Content?.IsComplete ?? !Request.Framing.HasContent;
}
