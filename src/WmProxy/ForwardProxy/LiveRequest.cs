using System;
using System.Collections.Generic;
using System.Net;
using System.Threading;

namespace WmProxy.ForwardProxy;

/// <summary>A request that is being carried out, so that a reload can end it when it is no longer allowed. Disposed when it has ended by itself.</summary>
internal sealed class LiveRequest : IDisposable
{
    private Action? _revoke;

    public LiveRequest(ForwardProxyModel proxy, ForwardRequest request, IReadOnlyList<IPAddress> addresses, Action revoke)
    {
        Proxy = proxy;
        Request = request;
        Addresses = addresses;
        _revoke = revoke;
    }

    /// <summary>What it was allowed by.</summary>
    public ForwardProxyModel Proxy { get; }

    public ForwardRequest Request { get; }

    /// <summary>
    /// The address that was dialled, or those of which one was, where that is not known; empty where a parent resolved the name, and for an association.
    /// </summary>
    public IReadOnlyList<IPAddress> Addresses { get; }

    /// <summary>Ends the request, once.</summary>
    public void Revoke() => Interlocked.Exchange(ref _revoke, null)?.Invoke();

    public void Dispose()
    {
        Interlocked.Exchange(ref _revoke, null);
        Proxy.State.LiveRequests.Remove(this);
    }
}
