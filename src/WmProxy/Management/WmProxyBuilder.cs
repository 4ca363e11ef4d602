using Microsoft.Extensions.DependencyInjection;

namespace WmProxy.Management;

internal sealed class WmProxyBuilder : IWmProxyBuilder
{
    public WmProxyBuilder(IServiceCollection services) => Services = services;

    public IServiceCollection Services { get; }
}
