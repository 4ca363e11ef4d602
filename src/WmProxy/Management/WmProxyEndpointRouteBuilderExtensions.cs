using Microsoft.AspNetCore.Routing;

namespace Microsoft.AspNetCore.Builder;

/// <summary>STUB.</summary>
public static class WmProxyEndpointRouteBuilderExtensions
{
    /// <summary>STUB.</summary>
    public static void MapWmProxy(this IEndpointRouteBuilder endpoints) => endpoints.MapReverseProxy();
}
