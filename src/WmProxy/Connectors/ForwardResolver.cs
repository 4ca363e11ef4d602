using System;
using System.Net;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Connectors;

/// <summary>Resolves what clients of forward proxies ask for: many names, of which any may hang, so each on its client's account.</summary>
internal sealed class ForwardResolver
{
    private readonly AddressResolver _resolver;

    public ForwardResolver(AddressResolver resolver) => _resolver = resolver;

    internal ForwardResolver(TimeProvider timeProvider, Func<string, Task<IPAddress[]>> lookup)
        : this(new AddressResolver(timeProvider, lookup))
    {
    }

    /// <inheritdoc cref="AddressResolver.ResolveForClientAsync"/>
    public ValueTask<ResolvedName> ResolveAsync(string name, IPAddress? client, CancellationToken cancellationToken) =>
        _resolver.ResolveForClientAsync(name, client, cancellationToken);

    /// <summary>Puts an address of <paramref name="name"/> that answered to the front.</summary>
    public void Prefer(string name, IPAddress address) => _resolver.PreferForClients(name, address);
}
