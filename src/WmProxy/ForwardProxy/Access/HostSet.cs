using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.Net;
using WmProxy.Configuration.Values;
using WmProxy.Connections.Access;
using WmProxy.Connections.ClientHello;

namespace WmProxy.ForwardProxy.Access;

/// <summary><c>Hosts</c> of a rule, compiled: names, <c>*.</c> wildcards for any subdomain, networks. Immutable; lookups do not allocate.</summary>
internal sealed class HostSet
{
    private readonly FrozenSet<string> _names;
    private readonly FrozenSet<string> _wildcards;
    private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> _wildcardLookup;
    private readonly NetworkSet _networks;

    /// <exception cref="ArgumentException">One of <paramref name="hosts"/> is neither a name nor a network.</exception>
    public HostSet(IEnumerable<string> hosts)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var wildcards = new HashSet<string>(StringComparer.Ordinal);
        var networks = new List<IPNetwork>();
        foreach (var host in hosts)
        {
            if (NetworkParser.TryParse(host, out var network, out _))
            {
                networks.Add(network);
            }
            else if (ServerName.TryParsePattern(host, out var name, out var isWildcard))
            {
                (isWildcard ? wildcards : names).Add(name);
            }
            else
            {
                throw new ArgumentException($"'{host}' is neither a host name nor a network.", nameof(hosts));
            }
        }

        _names = names.ToFrozenSet(StringComparer.Ordinal);
        _wildcards = wildcards.ToFrozenSet(StringComparer.Ordinal);
        _wildcardLookup = _wildcards.GetAlternateLookup<ReadOnlySpan<char>>();
        _networks = new NetworkSet(networks);
    }

    /// <summary>Whether an address may match where the name does not.</summary>
    public bool HasNetworks => !_networks.IsEmpty;

    /// <summary>Whether <paramref name="name"/>, as <see cref="HostName.Normalize"/> gives it, is one of the names.</summary>
    public bool ContainsName(string? name)
    {
        if (name is null)
        {
            return false;
        }

        if (_names.Contains(name))
        {
            return true;
        }

        var parent = name.AsSpan();
        while (_wildcards.Count > 0 && parent.IndexOf('.') is >= 0 and var dot)
        {
            parent = parent[(dot + 1)..];
            if (_wildcardLookup.Contains(parent))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a network contains <paramref name="address"/>, as it is or as the IPv4 address that it leads to.</summary>
    public bool ContainsAddress(IPAddress address) =>
        _networks.Contains(address) || (EmbeddedAddress.Find(address) is { } embedded && _networks.Contains(embedded));
}
