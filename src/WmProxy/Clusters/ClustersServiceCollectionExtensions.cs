using System;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using WmProxy.Connectors;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Configuration.ClusterValidators;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.ServiceDiscovery;

namespace WmProxy.Clusters;

/// <summary>Registers what makes YARP's clusters usable by streams.</summary>
internal static class ClustersServiceCollectionExtensions
{
    /// <summary>
    /// Adds the dialer, the load-balancing policies, probes and passive health, and YARP itself where it is missing. The host may call
    /// <c>AddReverseProxy()</c> before or after, and configure or replace its HTTP client factory as usual.
    /// </summary>
    public static IServiceCollection AddWmProxyClusters(this IServiceCollection services)
    {
        services.AddMetrics();
        services.AddWmProxyConnectors();
        if (!services.Any(service => service.ServiceType == typeof(IProxyStateLookup)))
        {
            services.AddReverseProxy();
        }

        SupersededHealthPolicies.Tolerate(services);
        WrapYarp(services);

        services.TryAddEnumerable(ServiceDescriptor.Singleton<ILoadBalancingPolicy, ClientIpHashPolicy>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ILoadBalancingPolicy, WeightedRoundRobinPolicy>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ILoadBalancingPolicy, WeightedRandomPolicy>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPassiveHealthCheckPolicy, ConnectFailuresHealthPolicy>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IProxyConfigFilter, ConnectFailuresConfigFilter>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IClusterValidator, StreamClusterValidator>());

        services.TryAddSingleton<LoadBalancer>();
        services.TryAddSingleton<DestinationAddressCache>();
        services.TryAddSingleton<PassiveHealthReporter>();
        services.TryAddSingleton<ConnectDeadlines>();
        services.TryAddSingleton<ConnectMetrics>();
        services.TryAddSingleton<IClusterDialer, ClusterDialer>();
        return services;
    }

    /// <summary>
    /// Gives YARP's config manager and health monitor our wrappings of the HTTP client factory, the destination resolver and the probing
    /// request factory. The registrations of those stay untouched, so it does not matter who registers one, and when.
    /// </summary>
    private static void WrapYarp(IServiceCollection services)
    {
        services.TryAddSingleton<UdpProbe>();
        services.TryAddSingleton<StreamProbe>();
        GiveArguments<IProxyStateLookup>(services, static provider =>
        [
            new ProbingHttpClientFactory(
                provider.GetRequiredService<IForwarderHttpClientFactory>(),
                provider.GetRequiredService<StreamProbe>(),
                provider.GetRequiredService<ILogger<ProbingHttpClientFactory>>()),
            new UnixDestinationResolver(provider.GetRequiredService<IDestinationResolver>()),
        ]);
        GiveArguments<IActiveHealthCheckMonitor>(services, static provider =>
        [
            new StreamProbingRequestFactory(
                provider.GetRequiredService<IProbingRequestFactory>(),
                provider.GetRequiredService<ConnectorTable>()),
        ]);
    }

    /// <summary>
    /// Constructs the class behind <typeparamref name="TService"/>, which YARP registers by itself, with <paramref name="arguments"/> in
    /// place of what the container would inject.
    /// </summary>
    private static void GiveArguments<TService>(IServiceCollection services, Func<IServiceProvider, object[]> arguments)
    {
        for (var i = 0; i < services.Count; i++)
        {
            var service = services[i];
            if (!service.IsKeyedService
                && service.ImplementationType is { } type
                && service.ServiceType == type
                && type.IsAssignableTo(typeof(TService)))
            {
                services[i] = ServiceDescriptor.Describe(type, Construct(type, arguments), service.Lifetime);
            }
        }
    }

    private static Func<IServiceProvider, object> Construct(
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] Type type,
        Func<IServiceProvider, object[]> arguments) =>
        provider => ActivatorUtilities.CreateInstance(provider, type, arguments(provider));
}
