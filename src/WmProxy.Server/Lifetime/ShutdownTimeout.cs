using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using WmProxy.Configuration;
using WmProxy.Configuration.Values;

namespace WmProxy.Server.Lifetime;

/// <summary>Gives the host as long to stop as <c>WmProxy:DrainTimeout</c> says, and a little more for the drain itself to end in time. Follows reloads.</summary>
internal sealed class ShutdownTimeout : IHostedService
{
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    private readonly IConfiguration _configuration;
    private readonly HostOptions _options;
    private IDisposable? _subscription;

    public ShutdownTimeout(IConfiguration configuration, IOptions<HostOptions> options)
    {
        _configuration = configuration;
        _options = options.Value;
    }

    public static TimeSpan Of(IConfiguration configuration) =>
        Margin + (configuration["WmProxy:DrainTimeout"] is { } text && DurationParser.TryParse(text, out var drain, out _) ? drain : WmProxyConfig.DefaultDrainTimeout);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // The host reads the value when it stops.
        _options.ShutdownTimeout = Of(_configuration);
        _subscription = ChangeToken.OnChange(_configuration.GetReloadToken, () => _options.ShutdownTimeout = Of(_configuration));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _subscription?.Dispose();
        return Task.CompletedTask;
    }
}
