using System.Runtime.CompilerServices;
using WmProxy.Connectors;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Clusters;

/// <summary>The addresses of destinations, each parsed once in the life of its model.</summary>
internal sealed class DestinationAddressCache
{
    private readonly ConditionalWeakTable<DestinationModel, Entry> _entries = [];

    /// <summary>The address of <paramref name="destination"/>, or what is wrong with it.</summary>
    public (DestinationAddress? Address, string? Error) Get(DestinationModel destination)
    {
        var entry = _entries.GetValue(destination, static destination =>
            DestinationAddress.TryParse(destination.Config.Address, destination.Config.Host, out var address, out var error)
                ? new Entry(address, null)
                : new Entry(null, error));
        return (entry.Address, entry.Error);
    }

    private sealed record Entry(DestinationAddress? Address, string? Error);
}
