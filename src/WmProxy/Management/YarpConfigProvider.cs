using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Management;

/// <summary>
/// What YARP sees of the configuration. It is published only after the whole configuration was found good, so that YARP never takes its part
/// of one whose other part is wrong.
/// </summary>
internal sealed class YarpConfigProvider : IProxyConfigProvider
{
    private readonly IServiceProvider _services;
    private readonly YarpWakeUp _wakeUp;
    private YarpConfig? _current;

    public YarpConfigProvider(IServiceProvider services, YarpWakeUp wakeUp)
    {
        _services = services;
        _wakeUp = wakeUp;
    }

    public YarpConfig? Current => Volatile.Read(ref _current);

    public IProxyConfig GetConfig()
    {
        if (Current is null)
        {
            // YARP was mapped before WmProxy. Resolved here, as the manager needs this provider.
            _services.GetRequiredService<ConfigManager>().EnsureLoaded();
        }

        return Current!;
    }

    /// <summary>Sets what YARP finds when it is mapped.</summary>
    public void PublishFirst(YarpConfig config) => Volatile.Write(ref _current, config);

    /// <summary>Replaces what YARP sees and waits until YARP has applied it; returns what it has against it, or <see langword="null"/>.</summary>
    public async Task<Exception?> PublishAsync(YarpConfig config, YarpApplyListener applied, CancellationToken cancellationToken)
    {
        var isDeaf = applied.IsDeaf;
        var outcome = applied.Expect(config, cancellationToken);
        var previous = Interlocked.Exchange(ref _current, config);
        previous?.SignalChange();
        if (isDeaf)
        {
            _wakeUp.Signal();
        }

        return await outcome;
    }
}
