using System;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.Streams;

namespace Microsoft.AspNetCore.Connections;

/// <summary>Uses WmProxy's streams on endpoints of an application's own server.</summary>
public static class WmProxyConnectionBuilderExtensions
{
    /// <summary>
    /// Ends the connection pipeline of an endpoint with a stream: its connections go to the stream's cluster as those of the stream's own
    /// listeners do, with its PROXY protocol, access list, limits and timeouts, as the configuration has them when a connection arrives.
    /// <para>
    /// TLS is the endpoint's matter: put <c>UseHttps</c> before it. Kestrel cannot end one direction of a connection only, so that a
    /// destination that ends its direction first ends the connection; the stream's own listeners do not have that limit. A connection for a
    /// stream that the configuration does not have, or that takes datagrams, is aborted.
    /// </para>
    /// <code>kestrel.ListenAnyIP(6432, endpoint => endpoint.UseWmProxyStream("postgres"));</code>
    /// </summary>
    /// <param name="builder">The endpoint, a <c>ListenOptions</c> of Kestrel.</param>
    /// <param name="stream">The name of a stream under <c>WmProxy:Streams</c>.</param>
    /// <returns><paramref name="builder"/>.</returns>
    public static IConnectionBuilder UseWmProxyStream(this IConnectionBuilder builder, string stream)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(stream);
        var services = builder.ApplicationServices;
        StreamEndpointHandler? handler = null;
        return builder.Use(_ => connection =>
        {
            // Resolved late: endpoints are set up before the configuration is loaded.
            handler ??= services.GetRequiredService<StreamEndpointHandler>();
            return handler.RunAsync(connection, stream);
        });
    }
}
