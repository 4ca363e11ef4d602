using System;
using System.Collections.Generic;
using System.Linq;
using WmProxy.Configuration;

namespace WmProxy.Tests.Configuration;

public sealed class EquatableDictionaryTests
{
    [Fact]
    public void Equals_OtherOrderAndCaseOfKeys_IsTrueWithTheSameHash()
    {
        var left = Create(("a", 1), ("b", 2));
        var right = Create(("B", 2), ("A", 1));

        Assert.True(left.Equals(right));
        Assert.True(left.Equals((object)right));
        Assert.Equal(left.GetHashCode(), right.GetHashCode());
    }

    [Fact]
    public void Equals_OtherKeyValueOrCount_IsFalse()
    {
        var map = Create(("a", 1), ("b", 2));

        Assert.False(map.Equals(Create(("a", 1), ("c", 2))));
        Assert.False(map.Equals(Create(("a", 1), ("b", 3))));
        Assert.False(map.Equals(Create(("a", 1))));
        Assert.False(map.Equals(Create(("a", 1), ("b", 2), ("c", 3))));
        Assert.False(map.Equals(null));
        Assert.False(map.Equals((object)"a"));
    }

    [Fact]
    public void Lookup_IgnoresCase()
    {
        var map = Create(("Name", 1));

        Assert.Equal(1, map["nAME"]);
        Assert.True(map.ContainsKey("NAME"));
        Assert.True(map.TryGetValue("name", out var value));
        Assert.Equal(1, value);
        Assert.False(map.TryGetValue("other", out _));
        Assert.Throws<KeyNotFoundException>(() => map["other"]);
    }

    [Fact]
    public void Constructor_KeysThatDifferInCaseOnly_Throws() => Assert.Throws<ArgumentException>(() => Create(("a", 1), ("A", 2)));

    [Fact]
    public void Constructor_ItemsChangedAfterwards_KeepsItsOwn()
    {
        var items = new Dictionary<string, int> { ["a"] = 1 };
        var map = new EquatableDictionary<int>(items);

        items["a"] = 2;
        items["b"] = 3;

        Assert.Equal(1, map["a"]);
        Assert.Single(map);
    }

    [Fact]
    public void Enumeration_KeepsOrderAndSpelling()
    {
        var map = Create(("b", 1), ("A", 2));

        Assert.Equal(["b", "A"], map.Keys);
        Assert.Equal([1, 2], map.Values);
        Assert.Equal(["b", "A"], map.Select(item => item.Key));
        Assert.Empty(EquatableDictionary<int>.Empty);
    }

    private static EquatableDictionary<int> Create(params (string Key, int Value)[] items) =>
        new(items.Select(item => KeyValuePair.Create(item.Key, item.Value)));
}
