using System;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace WmProxy.Routes;

/// <summary>What HTTP endpoints of ours need of the host.</summary>
internal static class RoutesServiceCollectionExtensions
{
    /// <summary>Registers <see cref="WmProxyEndpointDataSource"/> and the policy that judges its endpoints. May be called twice.</summary>
    public static IServiceCollection AddWmProxyRoutes(this IServiceCollection services)
    {
        services.AddRouting();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<WmProxyEndpointDataSource>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<MatcherPolicy, MatchConditionsPolicy>());
        return services;
    }
}
