using System;
using System.Collections;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;

namespace WmProxy.Configuration;

/// <summary>
/// An immutable map with case-insensitive keys, as configuration keys are, that is equal to another when keys and values are.
/// </summary>
/// <typeparam name="TValue">The values' type; it must have value equality for the map to have it.</typeparam>
public sealed class EquatableDictionary<TValue> : IReadOnlyDictionary<string, TValue>, IEquatable<EquatableDictionary<TValue>>
{
    private readonly Dictionary<string, TValue> _items;

    /// <summary>A map of <paramref name="items"/>, which keeps their order when enumerated.</summary>
    /// <exception cref="ArgumentException">Two keys differ in case only.</exception>
    public EquatableDictionary(IEnumerable<KeyValuePair<string, TValue>> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        _items = new Dictionary<string, TValue>(items, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>The map without entries.</summary>
    public static EquatableDictionary<TValue> Empty { get; } = new([]);

    /// <inheritdoc />
    public int Count => _items.Count;

    /// <inheritdoc />
    public IEnumerable<string> Keys => _items.Keys;

    /// <inheritdoc />
    public IEnumerable<TValue> Values => _items.Values;

    /// <inheritdoc />
    public TValue this[string key] => _items[key];

    /// <inheritdoc />
    public bool ContainsKey(string key) => _items.ContainsKey(key);

    /// <inheritdoc />
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out TValue value) => _items.TryGetValue(key, out value);

    /// <inheritdoc />
    public bool Equals(EquatableDictionary<TValue>? other)
    {
        return other is not null && other.Count == Count
            && _items.All(item => other.TryGetValue(item.Key, out var value) && EqualityComparer<TValue>.Default.Equals(item.Value, value));
    }

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as EquatableDictionary<TValue>);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        // Order does not count, so the entries' hashes are added up.
        var hash = 0;
        foreach (var (key, value) in _items)
        {
            hash += HashCode.Combine(StringComparer.OrdinalIgnoreCase.GetHashCode(key), value);
        }

        return hash;
    }

    /// <inheritdoc />
    public IEnumerator<KeyValuePair<string, TValue>> GetEnumerator() => _items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
