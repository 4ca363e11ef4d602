using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Clusters;

/// <summary>Calls YARP's load-balancing policies for connections that are no HTTP requests.</summary>
internal sealed class LoadBalancer
{
    // For policies that are known not to look at it.
    private static readonly HttpContext NoContext = new DefaultHttpContext();

    private readonly FrozenDictionary<string, ILoadBalancingPolicy> _policies;

    /// <summary>A balancer with these policies.</summary>
    /// <exception cref="ArgumentException">Two of them have the same name.</exception>
    public LoadBalancer(IEnumerable<ILoadBalancingPolicy> policies) =>
        _policies = policies.ToDictionary(policy => policy.Name, StringComparer.OrdinalIgnoreCase).ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>Chooses one of <paramref name="destinations"/> by the cluster's policy; <see langword="null"/> when there is none.</summary>
    public DestinationState? Pick(ClusterState cluster, IReadOnlyList<DestinationState> destinations, IPAddress? clientAddress)
    {
        if (destinations.Count <= 1)
        {
            // YARP's middleware does not ask the policy either.
            return destinations.Count == 0 ? null : destinations[0];
        }

        var name = cluster.Model.Config.LoadBalancingPolicy;
        if (string.IsNullOrEmpty(name) || !_policies.TryGetValue(name, out var policy))
        {
            // YARP's validator has refused unknown names.
            policy = _policies[LoadBalancingPolicies.PowerOfTwoChoices];
        }

        return policy is IClientAddressPolicy clientAddressPolicy
            ? clientAddressPolicy.PickDestination(clientAddress, cluster, destinations)
            : policy.PickDestination(GetContext(policy, clientAddress), cluster, destinations);
    }

    private static HttpContext GetContext(ILoadBalancingPolicy policy, IPAddress? clientAddress)
    {
        var assembly = policy.GetType().Assembly;
        if (assembly == typeof(ILoadBalancingPolicy).Assembly || assembly == typeof(LoadBalancer).Assembly)
        {
            return NoContext;
        }

        // A policy of the host's: it may look at the address, and may keep the context.
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = clientAddress;
        return context;
    }
}
