using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.ServiceDiscovery;

namespace WmProxy.FunctionalTests.Embedding;

/// <summary>A resolver of an application's that fails when told to, as DNS does.</summary>
internal sealed class FailingResolver : IDestinationResolver
{
    public bool IsBad { get; set; }

    public ValueTask<ResolvedDestinationCollection> ResolveDestinationsAsync(
        IReadOnlyDictionary<string, DestinationConfig> destinations, CancellationToken cancellationToken)
    {
        return IsBad
            ? throw new InvalidOperationException("no such name")
            : ValueTask.FromResult(new ResolvedDestinationCollection(destinations, null));
    }
}
