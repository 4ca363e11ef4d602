using Microsoft.Extensions.DependencyInjection;
using WmProxy.ForwardProxy.Connect;

namespace WmProxy.ForwardProxy.Http;

/// <summary>Registers what speaks HTTP to clients of forward proxies.</summary>
internal static class ForwardHttpServiceCollectionExtensions
{
    public static IServiceCollection AddWmProxyForwardHttp(this IServiceCollection services)
    {
        services.AddHttpForwarder();
        services.AddSingleton(_ => new UpstreamConnections());
        services.AddSingleton<UpstreamDialer>();
        services.AddSingleton<ForwardHttpClientFactory>();
        services.AddSingleton<ForwardRequestAuthenticator>();
        services.AddSingleton<ForwardRequestRecorder>();
        services.AddSingleton<ForwardRequestHandler>();
        services.AddSingleton<ForwardHttpApplication>();
        services.AddSingleton<ForwardHttpServer>();
        services.AddHostedService(provider => provider.GetRequiredService<ForwardHttpServer>());
        services.AddSingleton<ForwardHttpHandler>();
        services.AddSingleton<IForwardProtocolHandler>(provider => provider.GetRequiredService<ForwardHttpHandler>());
        services.AddSingleton<IForwardProtocolHandler, ConnectHandler>();
        return services;
    }
}
