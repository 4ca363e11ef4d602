namespace WmProxy.Clusters;

/// <summary>
/// Names of load-balancing policies that WmProxy adds to YARP's own, for a cluster's <c>LoadBalancingPolicy</c>; they work for HTTP routes
/// and for streams. All of them respect the destinations' metadata <c>Weight</c>: a whole number from 0 to 1000000, 1 by default;
/// 0 means no traffic while another destination is available.
/// </summary>
public static class WmProxyLoadBalancingPolicies
{
    /// <summary>
    /// The same client IP address always gets the same destination, in every process; when a destination comes or goes, only the clients
    /// that it gains or loses move (weighted rendezvous hashing). Clients without an address are spread at random.
    /// </summary>
    public const string ClientIpHash = nameof(ClientIpHash);

    /// <summary>Each destination in its turn, as often as its weight says, evenly interleaved.</summary>
    public const string WeightedRoundRobin = nameof(WeightedRoundRobin);

    /// <summary>A random destination, with a probability in proportion to its weight.</summary>
    public const string WeightedRandom = nameof(WeightedRandom);
}
