using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using System.Net.Security;
using WmProxy.Configuration;

namespace WmProxy.Connections.Tls;

/// <summary>
/// How a stream terminates TLS. Its names and rules never change; what its files hold does, if a
/// <see cref="TlsCertificateWatcher"/> watches it.
/// </summary>
internal sealed class TlsServerModel : IWatchedCertificates
{
    private readonly TlsServerEntry? _default;
    private readonly FrozenDictionary<string, TlsServerEntry> _exact;
    private readonly FrozenDictionary<string, TlsServerEntry>.AlternateLookup<ReadOnlySpan<char>> _wildcards;
    private readonly TlsServerEntry[] _entries;
    private readonly TrustedAuthorities _authorities;

    /// <param name="entries">The entries by name: exact, <c>*.</c> wildcard, <c>*</c>.</param>
    /// <param name="fallback">For names that no entry is for, if there is one.</param>
    /// <param name="authorities">The authorities of client certificates.</param>
    internal TlsServerModel(IReadOnlyDictionary<string, TlsServerEntry> entries, TlsServerEntry? fallback, TrustedAuthorities authorities)
    {
        _authorities = authorities;
        _default = entries.GetValueOrDefault("*") ?? fallback;
        _exact = entries.Where(e => !e.Key.StartsWith('*')).ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        _wildcards = entries.Where(e => e.Key.StartsWith("*.", StringComparison.Ordinal))
            .ToFrozenDictionary(e => e.Key[1..], e => e.Value, StringComparer.OrdinalIgnoreCase)
            .GetAlternateLookup<ReadOnlySpan<char>>();
        _entries = [.. entries.Values, .. fallback is null ? [] : new[] { fallback }];
    }

    /// <summary>Reads certificates and rules; <see langword="false"/> if anything is wrong, all of which is in <paramref name="errors"/>.</summary>
    /// <param name="config">The settings.</param>
    /// <param name="keyPath">Their full key path, as <c>WmProxy:Streams:mqtts:Tls</c>.</param>
    /// <param name="baseDirectory">The full path that relative paths are relative to.</param>
    /// <param name="errors">Where errors are added.</param>
    /// <param name="model">The model.</param>
    public static bool TryCreate(
        StreamTlsConfig config, string keyPath, string baseDirectory, IList<ConfigError> errors, [NotNullWhen(true)] out TlsServerModel? model)
    {
        model = new TlsServerModelBuilder(config, keyPath, baseDirectory, errors).Build();
        return model is not null;
    }

    /// <summary>
    /// The options for a name (<see langword="null"/>: the client gave none): its own, else those of the longest wildcard, which like
    /// Kestrel's stands for one or more labels, else those of <c>*</c>, else those of the listener; <see langword="null"/> if there are none.
    /// </summary>
    public SslServerAuthenticationOptions? Select(string? serverName) => Find(serverName)?.Options;

    /// <inheritdoc/>
    public IEnumerable<ConfigError> GetWarnings(DateTimeOffset now) => _entries.Select(e => e.Certificate.GetWarning(now)).OfType<ConfigError>();

    /// <inheritdoc/>
    public List<LoadedCertificate?> Reload(IList<ConfigError> errors)
    {
        var taken = new List<LoadedCertificate?>();
        var hasNewAuthorities = _authorities.TryReload(out var error);
        if (hasNewAuthorities)
        {
            taken.Add(null);
        }

        AddTo(errors, error);
        foreach (var entry in _entries)
        {
            var isNew = entry.Certificate.TryReload(out error);
            AddTo(errors, error);
            if (isNew)
            {
                taken.Add(entry.Certificate.Current);
            }

            if (isNew || hasNewAuthorities)
            {
                entry.Apply(_authorities);
            }
        }

        return taken;
    }

    /// <summary>Makes the options of all entries.</summary>
    internal void ApplyAll()
    {
        foreach (var entry in _entries)
        {
            entry.Apply(_authorities);
        }
    }

    private TlsServerEntry? Find(string? serverName)
    {
        if (serverName is null)
        {
            return _default;
        }

        if (_exact.TryGetValue(serverName, out var entry))
        {
            return entry;
        }

        for (var dot = serverName.IndexOf('.'); dot >= 0; dot = serverName.IndexOf('.', dot + 1))
        {
            if (dot > 0 && _wildcards.TryGetValue(serverName.AsSpan(dot), out entry))
            {
                return entry;
            }
        }

        return _default;
    }

    private static void AddTo(IList<ConfigError> errors, ConfigError? error)
    {
        if (error is not null)
        {
            errors.Add(error);
        }
    }
}
