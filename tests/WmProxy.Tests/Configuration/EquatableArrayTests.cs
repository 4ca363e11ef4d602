using System;
using System.Linq;
using WmProxy.Configuration;

namespace WmProxy.Tests.Configuration;

public sealed class EquatableArrayTests
{
    [Fact]
    public void Equals_SameItems_IsTrueWithTheSameHash()
    {
        EquatableArray<string> left = ["a", "b"];
        EquatableArray<string> right = ["a", new string('b', 1)];

        Assert.True(left == right);
        Assert.False(left != right);
        Assert.True(left.Equals((object)right));
        Assert.Equal(left.GetHashCode(), right.GetHashCode());
    }

    [Fact]
    public void Equals_OtherOrderLengthOrItem_IsFalse()
    {
        EquatableArray<string> array = ["a", "b"];

        Assert.True(array != (EquatableArray<string>)["b", "a"]);
        Assert.True(array != (EquatableArray<string>)["a"]);
        Assert.True(array != (EquatableArray<string>)["a", "B"]);
        Assert.False(array.Equals(null));
        Assert.False(array.Equals(new[] { "a", "b" }));
    }

    [Fact]
    public void Default_IsAnEmptyList()
    {
        var array = default(EquatableArray<int>);

        Assert.Empty(array);
        Assert.True(array == (EquatableArray<int>)[]);
        Assert.Equal(((EquatableArray<int>)[]).GetHashCode(), array.GetHashCode());
        Assert.Equal("", array.ToString());
        Assert.Throws<IndexOutOfRangeException>(() => array[0]);
    }

    [Fact]
    public void Enumeration_GivesTheItemsInOrder()
    {
        EquatableArray<int> array = [3, 1, 2];

        Assert.Equal([3, 1, 2], array.ToArray());
        Assert.Equal(1, array[1]);
        Assert.Equal("3, 1, 2", array.ToString());
    }
}
