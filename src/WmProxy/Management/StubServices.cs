using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.Configuration;
using WmProxy.Listeners;

namespace WmProxy.Management;

internal sealed class StubServices : IConfigChecker, IConfigReloader, IListenerLookup, IWmProxyBuilder
{
    public required IServiceCollection Services { get; init; }

    public ReloadResult? LastResult => null;

    public ValueTask<IReadOnlyList<ConfigError>> CheckAsync(IConfiguration candidate, CancellationToken cancellationToken) => new([]);

    public IReadOnlyList<ListenerInfo> GetListeners() => [];

    public Task<ReloadResult> ReloadAsync(CancellationToken cancellationToken) => Task.FromResult(new ReloadResult(true, DateTimeOffset.UtcNow, []));
}
