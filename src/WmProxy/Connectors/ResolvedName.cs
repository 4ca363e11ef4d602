using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading;

namespace WmProxy.Connectors;

/// <summary>What <see cref="AddressResolver"/> knows of one name.</summary>
internal sealed class ResolvedName
{
    private volatile IPAddress[] _addresses = [];
    private volatile string? _error;
    private long _validUntil = long.MinValue;

    public ResolvedName(string name) => Name = name;

    public string Name { get; }

    /// <summary>The addresses in the order in which to try them: families alternate, the one that answered last comes first.</summary>
    public IPAddress[] Addresses => _addresses;

    /// <summary>Why the last lookup failed.</summary>
    public string? Error => _error;

    /// <summary>The timestamp until which neither answer nor error is asked for again.</summary>
    public long ValidUntil => Volatile.Read(ref _validUntil);

    /// <summary>The lookup that is under way or waits for its turn; changed under the lock of this object.</summary>
    public NameLookup? Lookup { get; set; }

    /// <summary>What is said of a name that was not even looked up.</summary>
    public static ResolvedName Failed(string name, string error) => new(name) { _error = error };

    /// <summary>Takes the outcome of a lookup, under the lock of this object. An error leaves the addresses as they are.</summary>
    public void Set(IPAddress[] addresses, string? error, long validUntil)
    {
        if (error is null)
        {
            var preferred = _addresses.FirstOrDefault();
            _addresses = Order(addresses, preferred);
        }

        _error = error;
        Lookup = null;
        Volatile.Write(ref _validUntil, validUntil);
    }

    /// <summary>Puts an address that answered to the front.</summary>
    public void Prefer(IPAddress address)
    {
        if (address.Equals(_addresses.FirstOrDefault()))
        {
            return;
        }

        lock (this)
        {
            if (_addresses.Contains(address))
            {
                _addresses = [address, .. _addresses.Where(other => !other.Equals(address))];
            }
        }
    }

    private static IPAddress[] Order(IPAddress[] addresses, IPAddress? preferred)
    {
        // RFC 8305 section 4: keep the order of each family, alternate the families, begin with the family of the first.
        var first = new Queue<IPAddress>(addresses.Where(address => address.AddressFamily == addresses[0].AddressFamily));
        var second = new Queue<IPAddress>(addresses.Where(address => address.AddressFamily != addresses[0].AddressFamily));
        var ordered = new List<IPAddress>(addresses.Length);
        while (first.Count + second.Count > 0)
        {
            if (first.TryDequeue(out var address))
            {
                ordered.Add(address);
            }

            if (second.TryDequeue(out address))
            {
                ordered.Add(address);
            }
        }

        if (preferred is not null && ordered.Remove(preferred))
        {
            ordered.Insert(0, preferred);
        }

        return [.. ordered.Distinct()];
    }
}
