using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connectors;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.ServiceDiscovery;

namespace WmProxy.Clusters;

/// <summary>
/// Keeps Unix domain sockets away from the destination resolver: they have no host, and YARP's DNS resolver would take the machine's own
/// addresses for it.
/// </summary>
internal sealed class UnixDestinationResolver : IDestinationResolver
{
    private readonly IDestinationResolver _inner;

    public UnixDestinationResolver(IDestinationResolver inner) => _inner = inner;

    public async ValueTask<ResolvedDestinationCollection> ResolveDestinationsAsync(
        IReadOnlyDictionary<string, DestinationConfig> destinations,
        CancellationToken cancellationToken)
    {
        var unix = destinations.Where(destination => DestinationAddress.GetScheme(destination.Value.Address ?? "") == "unix").ToArray();
        if (unix.Length == 0)
        {
            return await _inner.ResolveDestinationsAsync(destinations, cancellationToken);
        }

        var others = destinations.Except(unix).ToDictionary(StringComparer.OrdinalIgnoreCase);
        var resolved = await _inner.ResolveDestinationsAsync(others, cancellationToken);
        return new ResolvedDestinationCollection(
            resolved.Destinations.Concat(unix).ToDictionary(StringComparer.OrdinalIgnoreCase),
            resolved.ChangeToken);
    }
}
