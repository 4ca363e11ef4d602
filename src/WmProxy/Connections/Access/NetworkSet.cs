using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Numerics;

namespace WmProxy.Connections.Access;

/// <summary>
/// Networks, compiled for the question whether one of them contains an address. IPv4-mapped IPv6 addresses and networks
/// (RFC 4291 section 2.5.5.2) count as the IPv4 ones they stand for, because a dual-mode socket reports IPv4 clients that way.
/// </summary>
internal sealed class NetworkSet
{
    private const int MappedPrefixLength = 96;

    // Two networks are either disjoint or one holds the other, so a set of them is a sorted list of disjoint ranges, whatever its size.
    private readonly Range<uint>[] _v4;
    private readonly Range<UInt128>[] _v6;

    public NetworkSet(IEnumerable<IPNetwork> networks)
    {
        var v4 = new List<Range<uint>>();
        var v6 = new List<Range<UInt128>>();
        foreach (var network in networks)
        {
            var address = network.BaseAddress;
            if (address.AddressFamily == AddressFamily.InterNetwork)
            {
                v4.Add(ToRange(ClientAddress.ToUInt32(address), network.PrefixLength));
            }
            else if (address.IsIPv4MappedToIPv6 && network.PrefixLength >= MappedPrefixLength)
            {
                v4.Add(ToRange(ClientAddress.ToUInt32(address.MapToIPv4()), network.PrefixLength - MappedPrefixLength));
            }
            else
            {
                v6.Add(ToRange(ClientAddress.ToUInt128(address), network.PrefixLength));
            }
        }

        _v4 = Compile(v4);
        _v6 = Compile(v6);
    }

    public bool IsEmpty => _v4.Length == 0 && _v6.Length == 0;

    /// <summary>Whether a network of the set contains <paramref name="address"/>; never so without an address (a Unix domain socket).</summary>
    public bool Contains(IPAddress? address)
    {
        if (address is null)
        {
            return false;
        }

        return ClientAddress.TryGetIPv4(address, out var v4)
            ? Contains(_v4, v4)
            : _v6.Length > 0 && Contains(_v6, ClientAddress.ToUInt128(address));
    }

    private static bool Contains<T>(Range<T>[] ranges, T value)
        where T : struct, IComparisonOperators<T, T, bool>
    {
        var low = 0;
        var high = ranges.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            if (value < ranges[middle].First)
            {
                high = middle - 1;
            }
            else if (value > ranges[middle].Last)
            {
                low = middle + 1;
            }
            else
            {
                return true;
            }
        }

        return false;
    }

    private static Range<T> ToRange<T>(T address, int prefixLength)
        where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
    {
        // Shifting by all of the bits would be shifting by none of them.
        var hostMask = prefixLength == 0 ? T.MaxValue : ~(T.MaxValue << (T.MaxValue.GetByteCount() * 8 - prefixLength));
        return new Range<T>(address & ~hostMask, address | hostMask);
    }

    private static Range<T>[] Compile<T>(List<Range<T>> ranges)
        where T : struct, IBinaryInteger<T>
    {
        // The wider of two that begin alike comes first, and what it holds is dropped.
        ranges.Sort(static (x, y) => x.First != y.First ? x.First.CompareTo(y.First) : y.Last.CompareTo(x.Last));
        var disjoint = new List<Range<T>>(ranges.Count);
        foreach (var range in ranges)
        {
            if (disjoint.Count == 0 || range.First > disjoint[^1].Last)
            {
                disjoint.Add(range);
            }
        }

        return [.. disjoint];
    }

    private readonly record struct Range<T>(T First, T Last);
}
