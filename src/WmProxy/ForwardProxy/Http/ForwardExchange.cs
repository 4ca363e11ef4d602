using WmProxy.ForwardProxy.Access;

namespace WmProxy.ForwardProxy.Http;

/// <summary>One request of a client, and what became of it; a feature of the request.</summary>
internal sealed class ForwardExchange
{
    public ForwardExchange(ForwardHttpConnection connection)
    {
        Connection = connection;

        // A reload counts for the next request of a connection that began before it.
        Proxy = connection.Proxy.State.Current ?? connection.Proxy;
    }

    public ForwardHttpConnection Connection { get; }

    /// <summary>The configuration that the request is served by.</summary>
    public ForwardProxyModel Proxy { get; }

    /// <summary>Its head as it came.</summary>
    public required RequestHead Head { get; init; }

    /// <summary>What it is for; <see langword="null"/> where that is malformed.</summary>
    public RequestTarget? Target { get; set; }

    /// <summary>The authenticated user.</summary>
    public string? User { get; set; }

    /// <summary>The rule that allowed it; <see langword="null"/> until one has.</summary>
    public ForwardRule? Rule { get; set; }

    /// <summary>How often it may still be forwarded; <see langword="null"/> for any number.</summary>
    public int? ForwardsLeft { get; set; }

    /// <summary>What the client is told instead of the destination's response.</summary>
    public HttpAnswer? Answer { get; set; }

    /// <summary>What went wrong, in words for a log.</summary>
    public string? Error { get; set; }

    /// <summary>What goes to the destination for it.</summary>
    public UpstreamRequest? Upstream { get; set; }

    /// <summary>Counts its content; <see langword="null"/> where nobody wants to know.</summary>
    public MeteredStream? Request { get; set; }

    /// <inheritdoc cref="Request"/>
    public MeteredStream? Response { get; set; }
}
