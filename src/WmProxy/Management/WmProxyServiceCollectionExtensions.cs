using Microsoft.Extensions.Configuration;
using WmProxy.Listeners;
using WmProxy.Management;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>STUB.</summary>
public static class WmProxyServiceCollectionExtensions
{
    /// <summary>STUB.</summary>
    public static IWmProxyBuilder AddWmProxy(this IServiceCollection services, IConfiguration configuration)
    {
        var stub = new StubServices { Services = services };
        services.AddSingleton<IConfigChecker>(stub);
        services.AddSingleton<IConfigReloader>(stub);
        services.AddSingleton<IListenerLookup>(stub);
        services.AddReverseProxy().LoadFromConfig(configuration.GetSection("ReverseProxy"));
        return stub;
    }
}
