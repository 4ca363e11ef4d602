using System;

namespace WmProxy.ForwardProxy.Http;

/// <summary>The clients of HTTP by which requests go to destinations.</summary>
internal sealed class ForwardHttpClientFactory : IDisposable
{
    private readonly UpstreamDialer _dialer;
    private readonly TimeProvider _timeProvider;

    public ForwardHttpClientFactory(UpstreamDialer dialer, TimeProvider timeProvider)
    {
        _dialer = dialer;
        _timeProvider = timeProvider;
        Shared = new ForwardHttpClients(dialer, timeProvider, isPinned: false);
    }

    /// <summary>For all client connections whose requests stand for themselves.</summary>
    public ForwardHttpClients Shared { get; }

    /// <summary>For one client connection only, which disposes it.</summary>
    public ForwardHttpClients CreatePinned() => new(_dialer, _timeProvider, isPinned: true);

    public void Dispose() => Shared.Dispose();
}
