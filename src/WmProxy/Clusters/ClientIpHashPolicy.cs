using System;
using System.Collections.Generic;
using System.IO.Hashing;
using System.Net;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Model;
using Yarp.ReverseProxy.Utilities;

namespace WmProxy.Clusters;

/// <summary>
/// Weighted rendezvous hashing (highest random weight, Thaler and Ravishankar 1998; weights by the logarithmic method of
/// draft-ietf-bess-weighted-hrw): every destination gets a score for the client, and the highest wins. Nothing is stored, and a destination
/// that comes or goes moves only its own clients.
/// </summary>
internal sealed class ClientIpHashPolicy : IClientAddressPolicy
{
    private const int MaxAddressLength = 16;

    private readonly IRandomFactory _randomFactory;

    public ClientIpHashPolicy(IRandomFactory randomFactory) => _randomFactory = randomFactory;

    public string Name => WmProxyLoadBalancingPolicies.ClientIpHash;

    public DestinationState? PickDestination(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations) =>
        PickDestination(context.Connection.RemoteIpAddress, cluster, availableDestinations);

    public DestinationState? PickDestination(IPAddress? clientAddress, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations)
    {
        if (availableDestinations.Count == 0)
        {
            return null;
        }

        var weighted = WeightedDestinations.Of(cluster, availableDestinations);
        if (clientAddress is null)
        {
            return WeightedRandomPolicy.Pick(weighted, _randomFactory);
        }

        Span<byte> bytes = stackalloc byte[MaxAddressLength];
        clientAddress.TryWriteBytes(bytes, out var length);
        ReadOnlySpan<byte> client = bytes[..length];
        if (clientAddress.IsIPv4MappedToIPv6)
        {
            // The same client, whether it came to a dual-mode socket or not.
            client = client[^4..];
        }

        var best = 0;
        var bestScore = double.NegativeInfinity;
        for (var i = 0; i < weighted.Destinations.Length; i++)
        {
            var score = GetScore(XxHash3.HashToUInt64(client, weighted.Seeds[i]), weighted.Weights[i]);
            if (score > bestScore)
            {
                (best, bestScore) = (i, score);
            }
        }

        return weighted.Destinations[best];
    }

    /// <summary>-weight / ln(u), where u is the hash as a number strictly between 0 and 1.</summary>
    private static double GetScore(ulong hash, int weight) => -weight / Math.Log(((hash >> 11) + 0.5) * (1.0 / (1UL << 53)));
}
