using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace WmProxy.Management;

/// <summary>
/// Opens the listeners once everything else has started (YARP's clusters are loaded by then, however the application maps its endpoints) and
/// closes them as soon as the host begins to stop.
/// </summary>
internal sealed class WmProxyService : IHostedLifecycleService
{
    private readonly IServiceProvider _services;
    private readonly ReloadTrigger _trigger;
    private readonly WmProxyMapping _mapping;
    private Task _stopped = Task.CompletedTask;

    public WmProxyService(IServiceProvider services, ReloadTrigger trigger, WmProxyMapping mapping)
    {
        _services = services;
        _trigger = trigger;
        _mapping = mapping;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        if (!_mapping.IsMapped)
        {
            throw new InvalidOperationException("AddWmProxy was called, but MapWmProxy was not: call app.MapWmProxy() before the application runs.");
        }

        var manager = _services.GetRequiredService<ConfigManager>();
        await manager.StartAsync(cancellationToken);
        _trigger.Start(manager.HasMissedChange);
    }

    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        // Not awaited here: other services are to stop accepting at the same time, not after our connections have drained.
        _trigger.Dispose();
        _stopped = _services.GetRequiredService<ConfigManager>().StopAsync(cancellationToken);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => _stopped;
}
