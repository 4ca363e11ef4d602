using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using WmProxy.Configuration;

namespace WmProxy.Connections.ClientHello;

/// <summary>
/// Chooses among the entries that share an address by what a ClientHello says. The most specific name wins: the exact name, then the longest
/// <c>*.</c> pattern, then entries without names. <c>*.shop.example</c> takes every subdomain, however deep, but not <c>shop.example</c>
/// itself, as in nginx and HAProxy. Of the entries of one name, one that lists an offered protocol wins (the protocol that the client prefers
/// first), then the one that lists none; if no entry of the name takes the protocols, the next less specific name is tried.
/// </summary>
/// <remarks>Immutable. Lookups do not allocate.</remarks>
internal sealed class ServerNameTable<T>
{
    private readonly FrozenDictionary<string, Candidates> _exact;
    private readonly FrozenDictionary<string, Candidates> _wildcards;
    private readonly FrozenDictionary<string, Candidates>.AlternateLookup<ReadOnlySpan<char>> _wildcardLookup;
    private readonly Candidates _fallback = new();

    /// <param name="entries">The entries; one without a match takes whatever no other takes, also what is not TLS.</param>
    /// <exception cref="ArgumentException">A server name is neither a host name nor a <c>*.</c> pattern.</exception>
    public ServerNameTable(IEnumerable<(StreamMatchConfig? Match, T Value)> entries)
    {
        var exact = new Dictionary<string, Candidates>(StringComparer.Ordinal);
        var wildcards = new Dictionary<string, Candidates>(StringComparer.Ordinal);
        var conflicts = new List<ServerNameConflict<T>>();
        foreach (var (match, value) in entries)
        {
            var protocols = match?.AlpnProtocols ?? default;
            if (match is null || match.ServerNames.Count == 0)
            {
                _fallback.Add(null, protocols, value, conflicts);
                continue;
            }

            foreach (var pattern in match.ServerNames)
            {
                if (!ServerName.TryParsePattern(pattern, out var name, out var isWildcard))
                {
                    throw new ArgumentException($"'{pattern}' is neither a host name nor a pattern like '*.example.org'.", nameof(entries));
                }

                var table = isWildcard ? wildcards : exact;
                if (!table.TryGetValue(name, out var candidates))
                {
                    table[name] = candidates = new Candidates();
                }

                candidates.Add(pattern, protocols, value, conflicts);
            }
        }

        _exact = exact.ToFrozenDictionary(StringComparer.Ordinal);
        _wildcards = wildcards.ToFrozenDictionary(StringComparer.Ordinal);
        _wildcardLookup = _wildcards.GetAlternateLookup<ReadOnlySpan<char>>();
        Conflicts = conflicts;
    }

    /// <summary>The pairs of entries that nothing tells apart: an error of the configuration.</summary>
    public IReadOnlyList<ServerNameConflict<T>> Conflicts { get; }

    /// <summary>Finds the entry for a connection.</summary>
    /// <param name="serverName">The name of <see cref="ClientHelloResult.ServerName"/>; <see langword="null"/> if there is none, or no TLS.</param>
    /// <param name="protocols">The protocols offered, most preferred first.</param>
    /// <param name="value">The entry.</param>
    /// <returns>Whether an entry takes the connection.</returns>
    public bool TryFind(string? serverName, ReadOnlySpan<string> protocols, [MaybeNullWhen(false)] out T value)
    {
        if (serverName is not null)
        {
            if (_exact.TryGetValue(serverName, out var candidates) && candidates.TryFind(protocols, out value))
            {
                return true;
            }

            var parent = serverName.AsSpan();
            while (_wildcards.Count > 0 && parent.IndexOf('.') is >= 0 and var dot)
            {
                parent = parent[(dot + 1)..];
                if (_wildcardLookup.TryGetValue(parent, out candidates) && candidates.TryFind(protocols, out value))
                {
                    return true;
                }
            }
        }

        return _fallback.TryFind(protocols, out value);
    }

    private sealed class Candidates
    {
        private readonly List<(string Protocol, T Value)> _byProtocol = [];
        private T? _any;
        private bool _hasAny;

        public void Add(string? name, EquatableArray<string> protocols, T value, List<ServerNameConflict<T>> conflicts)
        {
            if (protocols.Count == 0)
            {
                if (_hasAny)
                {
                    conflicts.Add(new ServerNameConflict<T>(name, null, _any!, value));
                    return;
                }

                (_any, _hasAny) = (value, true);
                return;
            }

            foreach (var protocol in protocols)
            {
                if (TryFind(protocol, out var first))
                {
                    conflicts.Add(new ServerNameConflict<T>(name, protocol, first, value));
                    continue;
                }

                _byProtocol.Add((protocol, value));
            }
        }

        public bool TryFind(ReadOnlySpan<string> protocols, [MaybeNullWhen(false)] out T value)
        {
            if (_byProtocol.Count > 0)
            {
                foreach (var protocol in protocols)
                {
                    if (TryFind(protocol, out value))
                    {
                        return true;
                    }
                }
            }

            value = _any;
            return _hasAny;
        }

        private bool TryFind(string protocol, [MaybeNullWhen(false)] out T value)
        {
            foreach (var candidate in _byProtocol)
            {
                if (candidate.Protocol == protocol)
                {
                    value = candidate.Value;
                    return true;
                }
            }

            value = default;
            return false;
        }
    }
}
