using System;
using System.Collections.Generic;
using System.Linq;

namespace WmProxy.Configuration.Validation;

/// <summary>What may stand at one place of a configuration that somebody else reads.</summary>
internal sealed class KnownKeys
{
    private KnownKeys()
    {
    }

    /// <summary>One value.</summary>
    public static KnownKeys Value { get; } = new();

    /// <summary>A list of values.</summary>
    public static KnownKeys ValueList { get; } = Each(Value);

    /// <summary>Whatever the user likes.</summary>
    public static KnownKeys Anything { get; } = new() { IsOpen = true };

    public bool IsOpen { get; private init; }

    /// <summary>The keys of an object and what each may hold; <see langword="null"/> where it is not an object with fixed keys.</summary>
    public IReadOnlyDictionary<string, KnownKeys>? Keys { get; private init; }

    /// <summary>What each entry of a map or each item of a list may hold; <see langword="null"/> where it is neither.</summary>
    public KnownKeys? Entries { get; private init; }

    public static KnownKeys Each(KnownKeys entries) => new() { Entries = entries };

    /// <summary>An object with single values under <paramref name="values"/> and more under <paramref name="sections"/>.</summary>
    public static KnownKeys Object(string[] values, params (string Key, KnownKeys Keys)[] sections)
    {
        var keys = values.Select(key => KeyValuePair.Create(key, Value)).Concat(sections.Select(section => KeyValuePair.Create(section.Key, section.Keys)));
        return new KnownKeys { Keys = new Dictionary<string, KnownKeys>(keys, StringComparer.OrdinalIgnoreCase) };
    }
}
