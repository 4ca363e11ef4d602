using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using WmProxy.Server.Lifetime;

namespace WmProxy.Tests.Server.Lifetime;

public sealed class ShutdownTimeoutTests
{
    [Fact]
    public async Task StartAsync_DrainTimeout_IsFollowedWithAMargin()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection().Build();
        var options = Options.Create(new HostOptions());
        var service = new ShutdownTimeout(configuration, options);

        await service.StartAsync(CancellationToken.None);
        Assert.Equal(TimeSpan.FromSeconds(30) + ShutdownTimeout.Margin, options.Value.ShutdownTimeout);

        configuration["WmProxy:DrainTimeout"] = "90s";
        configuration.Reload();
        Assert.Equal(TimeSpan.FromSeconds(90) + ShutdownTimeout.Margin, options.Value.ShutdownTimeout);

        await service.StopAsync(CancellationToken.None);
    }
}
