using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Management;

/// <summary>Learns what became of a configuration that was published to YARP, which applies it in its own time.</summary>
internal sealed class YarpApplyListener : IConfigChangeListener
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _timeProvider;
    private Expectation? _expected;
    private volatile bool _isDeaf;
    private volatile bool _isMapped;

    public YarpApplyListener(TimeProvider timeProvider) => _timeProvider = timeProvider;

    /// <summary>Whether YARP has loaded a configuration: somebody has mapped it.</summary>
    public bool IsMapped => _isMapped;

    /// <summary>Whether YARP could not load what it was last given, and so will not hear of the next by itself.</summary>
    public bool IsDeaf => _isDeaf;

    /// <summary>A task that ends when YARP has applied <paramref name="config"/> (<see langword="null"/>) or refused it (why).</summary>
    public async Task<Exception?> Expect(YarpConfig config, CancellationToken cancellationToken)
    {
        var expected = new Expectation(config);
        Volatile.Write(ref _expected, expected);
        try
        {
            return await expected.Outcome.Task.WaitAsync(Patience, _timeProvider, cancellationToken);
        }
        catch (TimeoutException)
        {
            return new TimeoutException($"YARP has not taken the routes and clusters within {Patience.TotalSeconds} s.");
        }
    }

    public void ConfigurationLoadingFailed(IProxyConfigProvider configProvider, Exception exception)
    {
        if (configProvider is YarpConfigProvider)
        {
            _isDeaf = true;
            Volatile.Read(ref _expected)?.Outcome.TrySetResult(exception);
        }
    }

    public void ConfigurationLoaded(IReadOnlyList<IProxyConfig> proxyConfigs)
    {
    }

    public void ConfigurationApplyingFailed(IReadOnlyList<IProxyConfig> proxyConfigs, Exception exception) => Complete(proxyConfigs, exception);

    public void ConfigurationApplied(IReadOnlyList<IProxyConfig> proxyConfigs)
    {
        _isMapped = true;
        Complete(proxyConfigs, null);
    }

    private void Complete(IReadOnlyList<IProxyConfig> configs, Exception? exception)
    {
        // The application's own providers may change at any time; what YARP says then is about an older configuration of ours.
        if (Volatile.Read(ref _expected) is { } expected && configs.Any(expected.Config.IsSame))
        {
            _isDeaf = false;
            expected.Outcome.TrySetResult(exception);
        }
    }

    private sealed record Expectation(YarpConfig Config)
    {
        public TaskCompletionSource<Exception?> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
