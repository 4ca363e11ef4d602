using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.Extensions.Configuration;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Reading;

/// <summary>
/// Reads the keys of one section by hand and strictly: what is wrong becomes an error with the key's path as the user wrote it, and
/// what nobody asked for is reported in the end.
/// </summary>
/// <remarks>
/// The JSON provider of .NET 10 gives <c>{}</c> and <c>null</c> as a key with a null value and <c>[]</c> as one with an empty value,
/// all without children. Hence an empty object cannot be told from null: both count as not set.
/// </remarks>
internal sealed class ConfigSectionReader
{
    private readonly Dictionary<string, IConfigurationSection> _children = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _validKeys = [];
    private readonly HashSet<string> _askedKeys = new(StringComparer.OrdinalIgnoreCase);

    public ConfigSectionReader(IConfigurationSection section, ConfigReadContext context)
    {
        Name = section.Key;
        Path = section.Path;
        Context = context;
        foreach (var child in section.GetChildren())
        {
            _children.TryAdd(child.Key, child);
        }
    }

    /// <summary>The section's own key: in a map, the entry's name.</summary>
    public string Name { get; }

    public string Path { get; }

    public ConfigReadContext Context { get; }

    /// <summary>Adds an error for <paramref name="key"/> of this section.</summary>
    public void AddError(string key, string message)
    {
        AddErrorAt(_children.TryGetValue(key, out var child) ? child.Path : ConfigurationPath.Combine(Path, key), message);
    }

    /// <summary>A text, which may be empty; <see langword="null"/> where the key is not set.</summary>
    public string? ReadText(string key) => Find(key) is { } child ? Scalar(child) : null;

    /// <summary>A text that is not blank; <see langword="null"/> where the key is not set or wrong.</summary>
    public string? ReadName(string key) => Find(key) is { } child && TryParse<string>(child, TextParser.TryParse, out var value) ? value : null;

    /// <summary>As <see cref="ReadName"/>, for a key that must be there; empty where it is not.</summary>
    public string ReadRequiredName(string key)
    {
        var errors = Context.Errors.Count;
        var value = ReadName(key);
        if (value is null && Context.Errors.Count == errors)
        {
            AddError(key, "is required");
        }

        return value ?? "";
    }

    public T? ReadValue<T>(string key, ValueParser<T> parser)
        where T : struct
    {
        return Find(key) is { } child && TryParse(child, parser, out var value) ? value : null;
    }

    public bool? ReadBoolean(string key) => ReadValue<bool>(key, BooleanParser.TryParse);

    public int? ReadInteger(string key) => ReadValue<int>(key, IntegerParser.TryParse);

    public TimeSpan? ReadDuration(string key) => ReadValue<TimeSpan>(key, DurationParser.TryParse);

    public TEnum? ReadEnum<TEnum>(string key)
        where TEnum : struct, Enum
    {
        return ReadValue<TEnum>(key, EnumParser.TryParse);
    }

    /// <summary>
    /// A list, <see langword="null"/> where the key is not set. One wrong item makes the whole list empty, so that positions in it are
    /// always those of the configuration.
    /// </summary>
    public EquatableArray<T>? ReadList<T>(string key, ValueParser<T> parser, bool orSingle = false)
        where T : notnull
    {
        if (Find(key) is not { } section || ListItems(section, orSingle) is not { } items)
        {
            return null;
        }

        var values = new List<T>();
        var complete = true;
        foreach (var item in items)
        {
            if (item.Value is null && !item.GetChildren().Any())
            {
                AddErrorAt(item.Path, "is null; a list has values only");
                complete = false;
            }
            else if (TryParse(item, parser, out var value))
            {
                values.Add(value);
            }
            else
            {
                complete = false;
            }
        }

        return complete ? values.ToEquatableArray() : default(EquatableArray<T>);
    }

    /// <summary>A list of texts that are not blank.</summary>
    public EquatableArray<string>? ReadNames(string key, bool orSingle = false) => ReadList<string>(key, TextParser.TryParse, orSingle);

    /// <summary>A list of objects, <see langword="null"/> where the key is not set.</summary>
    public IReadOnlyList<T>? ReadSectionList<T>(string key, Func<ConfigSectionReader, T> read)
    {
        return Find(key) is { } section && ListItems(section, orSingle: false) is { } items ? [.. items.Where(IsObject).Select(item => ReadWhole(item, read))] : null;
    }

    /// <summary>An object, <see langword="null"/> where the key is not set or the object is empty.</summary>
    public T? ReadSection<T>(string key, Func<ConfigSectionReader, T> read)
        where T : class
    {
        return Find(key) is { } section && IsObject(section) && section.GetChildren().Any() ? ReadWhole(section, read) : null;
    }

    /// <summary>Objects by name.</summary>
    public EquatableDictionary<T> ReadMap<T>(string key, Func<ConfigSectionReader, T> read)
    {
        return Find(key) is { } section && IsObject(section)
            ? new EquatableDictionary<T>(section.GetChildren().Where(IsObject).Select(entry => KeyValuePair.Create(entry.Key, ReadWhole(entry, read))))
            : EquatableDictionary<T>.Empty;
    }

    /// <summary>Texts by name.</summary>
    public EquatableDictionary<string> ReadTextMap(string key)
    {
        if (Find(key) is not { } section || !IsObject(section))
        {
            return EquatableDictionary<string>.Empty;
        }

        var entries = section.GetChildren().Select(entry => KeyValuePair.Create(entry.Key, Scalar(entry)));
        return new EquatableDictionary<string>(entries.Where(entry => entry.Value is not null)!);
    }

    /// <summary>Reports keys that the contract has and this version has not.</summary>
    public void RejectUnavailable(params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
        {
            if (_askedKeys.Add(key) && _children.TryGetValue(key, out var child))
            {
                AddErrorAt(child.Path, "is not available in this version");
            }
        }
    }

    /// <summary>Reports every key that was not asked for.</summary>
    public void ReportUnknownKeys()
    {
        foreach (var (key, child) in _children)
        {
            if (!_askedKeys.Contains(key))
            {
                AddErrorAt(child.Path, $"unknown key; {NearestName.Proposal(key, _validKeys, "valid keys")}");
            }
        }
    }

    private IConfigurationSection? Find(string key)
    {
        if (_askedKeys.Add(key))
        {
            _validKeys.Add(key);
        }

        return _children.TryGetValue(key, out var child) && (child.Value is not null || child.GetChildren().Any()) ? child : null;
    }

    private T ReadWhole<T>(IConfigurationSection section, Func<ConfigSectionReader, T> read)
    {
        var reader = new ConfigSectionReader(section, Context);
        var value = read(reader);
        reader.ReportUnknownKeys();
        return value;
    }

    private bool TryParse<T>(IConfigurationSection section, ValueParser<T> parser, out T value)
        where T : notnull
    {
        if (Scalar(section) is not { } text)
        {
            value = default!;
            return false;
        }

        if (!parser(text, out value!, out var error))
        {
            AddErrorAt(section.Path, text.Length == 0 ? "is empty" : error);
            return false;
        }

        return true;
    }

    private string? Scalar(IConfigurationSection section)
    {
        if (!section.GetChildren().Any())
        {
            return section.Value;
        }

        AddErrorAt(section.Path, "a single value is expected here, not a section or a list");
        return null;
    }

    private bool IsObject(IConfigurationSection section)
    {
        if (string.IsNullOrEmpty(section.Value))
        {
            return true;
        }

        // The value is not shown: it may be a secret in the wrong place.
        AddErrorAt(section.Path, "a section with keys is expected here, not a single value");
        return false;
    }

    private List<IConfigurationSection>? ListItems(IConfigurationSection section, bool orSingle)
    {
        var items = section.GetChildren().ToList();
        if (!string.IsNullOrEmpty(section.Value))
        {
            if (orSingle && items.Count == 0)
            {
                return [section];
            }

            AddErrorAt(section.Path, items.Count > 0
                ? "has both a single value and a list, likely from two sources; keep one of them"
                : $"a list is expected here, not a single value; write [ {QuotedText.Quote(section.Value).Replace('\'', '"')} ]");
            return null;
        }

        var names = items.Where(item => item.Key.Length == 0 || item.Key.AsSpan().ContainsAnyExceptInRange('0', '9')).ToList();
        foreach (var name in names)
        {
            AddErrorAt(name.Path, "a list is expected here, and its items have no names");
        }

        return names.Count == 0 ? items : null;
    }

    private void AddErrorAt(string path, string message) => Context.Errors.Add(new ConfigError(path, message));
}
