using System.Net.Http;
using WmProxy.ForwardProxy.Access;

namespace WmProxy.ForwardProxy.Http;

/// <summary>What a connection to a destination is opened for.</summary>
/// <param name="Proxy">The forward proxy.</param>
/// <param name="Request">What was asked for.</param>
/// <param name="Rule">The rule that allowed it.</param>
internal sealed record UpstreamRequest(ForwardProxyModel Proxy, ForwardRequest Request, ForwardRule Rule)
{
    /// <summary>Where a message carries it.</summary>
    public static HttpRequestOptionsKey<UpstreamRequest> Key { get; } = new("WmProxy.UpstreamRequest");
}
