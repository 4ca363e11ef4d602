using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Options;
using WmProxy.Configuration;

namespace WmProxy.Management;

/// <summary>
/// Turns changes of the configuration into reloads: one for a burst of them, and one at least every second while they do not stop. The
/// options monitor is only the trigger: it holds nothing that an invalid edit could break.
/// </summary>
internal sealed class ReloadTrigger : IDisposable
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(1);

    private readonly IOptionsMonitor<WmProxyOptions> _options;
    private readonly IConfigReloader _reloader;
    private readonly TimeProvider _timeProvider;
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private IDisposable? _subscription;
    private long? _firstChange;
    private bool _disposed;

    public ReloadTrigger(IOptionsMonitor<WmProxyOptions> options, IConfigReloader reloader, TimeProvider timeProvider)
    {
        _options = options;
        _reloader = reloader;
        _timeProvider = timeProvider;
        _timer = timeProvider.CreateTimer(static trigger => _ = ((ReloadTrigger)trigger!).ReloadAsync(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <param name="hasChanged">Whether the configuration has changed already, before anybody followed it.</param>
    public void Start(bool hasChanged)
    {
        _subscription = _options.OnChange((_, _) => Changed());
        if (hasChanged)
        {
            Changed();
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
        }

        _subscription?.Dispose();
        _timer.Dispose();
    }

    private void Changed()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            var now = _timeProvider.GetTimestamp();
            var waited = _timeProvider.GetElapsedTime(_firstChange ??= now, now);
            var delay = _options.CurrentValue.ReloadDelay;
            if (delay > LongestDelay - waited)
            {
                delay = LongestDelay - waited;
            }

            _timer.Change(delay > TimeSpan.Zero ? delay : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private Task ReloadAsync()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return Task.CompletedTask;
            }

            _firstChange = null;
        }

        return _reloader.ReloadAsync();
    }
}
