using System;
using System.Collections.Generic;
using System.Collections.Immutable;

namespace WmProxy.Configuration;

/// <summary>Makes <see cref="EquatableArray{T}"/> values; also what a collection expression calls.</summary>
public static class EquatableArray
{
    /// <summary>A list of <paramref name="items"/>, in their order.</summary>
    public static EquatableArray<T> Create<T>(ReadOnlySpan<T> items) => new(ImmutableArray.Create(items));

    /// <summary>A list of <paramref name="items"/>, in their order.</summary>
    public static EquatableArray<T> ToEquatableArray<T>(this IEnumerable<T> items) => new([.. items]);
}
