using System;
using System.Net;
using System.Threading.Tasks;

namespace WmProxy.Connectors;

/// <summary>Resolves what clients of forward proxies ask for: many names, of which any may hang.</summary>
internal sealed class ForwardResolver : AddressResolver
{
    private const int MaxNames = 16384;
    private const int MaxLookups = 64;

    public ForwardResolver(TimeProvider timeProvider)
        : this(timeProvider, LookupOnOwnThread)
    {
    }

    internal ForwardResolver(TimeProvider timeProvider, Func<string, Task<IPAddress[]>> lookup)
        : base(timeProvider, lookup, MaxNames, MaxLookups)
    {
    }
}
