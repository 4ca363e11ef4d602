using System;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.Configuration;
using WmProxy.Diagnostics;
using WmProxy.Management;
using WmProxy.Routes;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps what WmProxy serves over HTTP.</summary>
public static class WmProxyEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Reads the configuration and maps its static files, static responses and YARP routes beside the application's own endpoints. YARP is
    /// mapped unless the application has called <c>MapReverseProxy</c> before, whose pipeline then stays as it is. The listeners of streams
    /// open when the application has started.
    /// </summary>
    /// <param name="endpoints">The application.</param>
    /// <returns><paramref name="endpoints"/>.</returns>
    /// <exception cref="ConfigErrorException">The configuration cannot be used; the message has every error with its key path.</exception>
    public static IEndpointRouteBuilder MapWmProxy(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var mapping = endpoints.ServiceProvider.GetService<WmProxyMapping>()
            ?? throw new InvalidOperationException("MapWmProxy needs AddWmProxy: call builder.Services.AddWmProxy(builder.Configuration) first.");
        if (mapping.IsMapped)
        {
            return endpoints;
        }

        endpoints.ServiceProvider.GetRequiredService<ConfigManager>().EnsureLoaded();

        // Mapping YARP a second time would replace the application's pipeline.
        if (!endpoints.ServiceProvider.GetRequiredService<YarpApplyListener>().IsMapped)
        {
            endpoints.MapReverseProxy(pipeline =>
            {
                // YARP's own pipeline, with a log line that an operator can use in front.
                pipeline.UseMiddleware<ForwarderErrorMiddleware>();
                pipeline.UseSessionAffinity();
                pipeline.UseLoadBalancing();
                pipeline.UsePassiveHealthChecks();
            });
        }

        endpoints.DataSources.Add(endpoints.ServiceProvider.GetRequiredService<WmProxyEndpointDataSource>());
        mapping.IsMapped = true;
        return endpoints;
    }
}
