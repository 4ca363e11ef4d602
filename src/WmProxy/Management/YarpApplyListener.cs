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

    public YarpApplyListener(TimeProvider timeProvider) => _timeProvider = timeProvider;

    /// <summary>A task that ends when YARP has applied <paramref name="config"/> (<see langword="null"/>) or refused it (why).</summary>
    public async Task<Exception?> Expect(YarpConfig config)
    {
        var expected = new Expectation(config);
        Volatile.Write(ref _expected, expected);
        try
        {
            return await expected.Outcome.Task.WaitAsync(Patience, _timeProvider);
        }
        catch (TimeoutException ex)
        {
            return ex;
        }
    }

    public void ConfigurationLoadingFailed(IProxyConfigProvider configProvider, Exception exception)
    {
    }

    public void ConfigurationLoaded(IReadOnlyList<IProxyConfig> proxyConfigs)
    {
    }

    public void ConfigurationApplyingFailed(IReadOnlyList<IProxyConfig> proxyConfigs, Exception exception) => Complete(proxyConfigs, exception);

    public void ConfigurationApplied(IReadOnlyList<IProxyConfig> proxyConfigs) => Complete(proxyConfigs, null);

    private void Complete(IReadOnlyList<IProxyConfig> configs, Exception? exception)
    {
        if (Volatile.Read(ref _expected) is { } expected && configs.Any(expected.Config.IsShownBy))
        {
            expected.Outcome.TrySetResult(exception);
        }
    }

    private sealed record Expectation(YarpConfig Config)
    {
        public TaskCompletionSource<Exception?> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
