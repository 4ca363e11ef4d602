using System;
using System.Collections.Concurrent;

namespace WmProxy.Connectors;

/// <summary>A bounded number of names, known ones and failed ones alike.</summary>
internal sealed class NameCache(int maxNames)
{
    private readonly ConcurrentDictionary<string, ResolvedName> _names = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>How many names are remembered.</summary>
    public int Count => _names.Count;

    /// <summary>The entry of <paramref name="name"/>; <see langword="null"/> where it is not known.</summary>
    public ResolvedName? Find(string name) => _names.TryGetValue(name, out var entry) ? entry : null;

    /// <summary>The entry of <paramref name="name"/>, a new one where it is not known.</summary>
    public ResolvedName GetOrAdd(string name, long now)
    {
        if (_names.TryGetValue(name, out var entry))
        {
            return entry;
        }

        MakeRoom(now);
        return _names.GetOrAdd(name, static name => new ResolvedName(name));
    }

    private void MakeRoom(long now)
    {
        if (_names.Count < maxNames)
        {
            return;
        }

        foreach (var (name, entry) in _names)
        {
            if (entry.ValidUntil < now && entry.Lookup is null)
            {
                _names.TryRemove(name, out _);
            }
        }

        // A quarter at once, so that not every new name has to look for room.
        var kept = maxNames * 3 / 4;
        if (_names.Count > kept)
        {
            foreach (var (name, _) in _names)
            {
                if (_names.Count <= kept)
                {
                    break;
                }

                _names.TryRemove(name, out _);
            }
        }
    }
}
