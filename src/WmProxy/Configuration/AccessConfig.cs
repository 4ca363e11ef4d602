using System.Net;

namespace WmProxy.Configuration;

/// <summary>Which client addresses may connect. Deny wins; a non-empty allow list refuses whoever is not on it.</summary>
public sealed record AccessConfig
{
    /// <summary>Networks that may connect. Empty: all that are not denied.</summary>
    public EquatableArray<IPNetwork> Allow { get; init; }

    /// <summary>Networks that may not connect.</summary>
    public EquatableArray<IPNetwork> Deny { get; init; }
}
