using System;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using WmProxy.ForwardProxy.Access;
using WmProxy.ForwardProxy.Http;
using WmProxy.ForwardProxy.Users;
using WmProxy.Listeners;

namespace WmProxy.ForwardProxy;

/// <summary>Registers forward proxies.</summary>
internal static class ForwardProxyServiceCollectionExtensions
{
    public static IServiceCollection AddWmProxyForwardProxies(this IServiceCollection services)
    {
        services.TryAddSingleton<ForwardProtocolHandlers>();
        services.AddSingleton<ForwardMetrics>();
        services.AddSingleton<LoginThrottle>();
        services.AddSingleton<IForwardAuthenticator, ForwardAuthenticator>();
        services.AddSingleton(provider => new LocalAddressCache(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new OwnListeners(
            provider.GetRequiredService<IListenerLookup>(),
            provider.GetRequiredService<LocalAddressCache>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<IServer>()));
        services.AddSingleton<EgressGuard>();
        services.AddSingleton<EgressGuardReporter>();
        services.AddSingleton<ForwardJudge>();
        services.AddSingleton<ForwardRevocation>();
        services.AddSingleton<IForwardDialer, ForwardDialer>();
        services.TryAddSingleton<ForwardTunnel>();
        services.AddSingleton<ForwardProxyCompiler>();
        services.AddWmProxyForwardHttp();
        return services;
    }
}
