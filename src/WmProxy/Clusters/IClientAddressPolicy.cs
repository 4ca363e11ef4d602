using System.Collections.Generic;
using System.Net;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Clusters;

/// <summary>A policy that looks at nothing of a request but the client's address, so that streams need no <c>HttpContext</c> for it.</summary>
internal interface IClientAddressPolicy : ILoadBalancingPolicy
{
    DestinationState? PickDestination(IPAddress? clientAddress, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations);
}
