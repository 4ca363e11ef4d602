using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Clusters;

/// <summary>
/// Lets <c>AddReverseProxy()</c> be called more than once, by a host and by us. YARP then registers its two health policies again, and refuses
/// to start because of their equal names; the one that we know of gives way here when another is registered after it.
/// </summary>
internal static class SupersededHealthPolicies
{
    public static void Tolerate(IServiceCollection services)
    {
        var isFirstCall = !services.Any(static service => service.ServiceType == typeof(Marker));
        Tolerate<IActiveHealthCheckPolicy>(services, isFirstCall, static name => new ActivePolicy(name));
        Tolerate<IPassiveHealthCheckPolicy>(services, isFirstCall, static name => new PassivePolicy(name));
        if (isFirstCall)
        {
            services.AddSingleton<Marker>();
        }
    }

    private static void Tolerate<TPolicy>(IServiceCollection services, bool isFirstCall, Func<string, TPolicy> createInert)
        where TPolicy : class
    {
        var own = services.Where(static service => IsYarps<TPolicy>(service)).ToArray();
        var keep = isFirstCall ? own.FirstOrDefault() : null;
        foreach (var service in own)
        {
            if (ReferenceEquals(service, keep))
            {
                services[services.IndexOf(service)] = ServiceDescriptor.Singleton(Construct(services, service.ImplementationType!, createInert));
            }
            else
            {
                services.Remove(service);
            }
        }
    }

    private static bool IsYarps<TPolicy>(ServiceDescriptor service) =>
        service.ServiceType == typeof(TPolicy) && !service.IsKeyedService && service.ImplementationType?.Assembly == typeof(TPolicy).Assembly;

    private static Func<IServiceProvider, TPolicy> Construct<TPolicy>(
        IServiceCollection services,
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] Type type,
        Func<string, TPolicy> createInert)
        where TPolicy : class =>
        provider => services.Any(static service => IsYarps<TPolicy>(service))
            ? createInert($"{type.Name} (superseded)")
            : (TPolicy)ActivatorUtilities.CreateInstance(provider, type);

    private sealed class Marker;

    private sealed class ActivePolicy : IActiveHealthCheckPolicy
    {
        public ActivePolicy(string name) => Name = name;

        public string Name { get; }

        public void ProbingCompleted(ClusterState cluster, IReadOnlyList<DestinationProbingResult> probingResults)
        {
        }
    }

    private sealed class PassivePolicy : IPassiveHealthCheckPolicy
    {
        public PassivePolicy(string name) => Name = name;

        public string Name { get; }

        public void RequestProxied(HttpContext context, ClusterState cluster, DestinationState destination)
        {
        }
    }
}
