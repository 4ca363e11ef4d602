using Microsoft.Extensions.DependencyInjection;
using WmProxy.Configuration;
using WmProxy.ForwardProxy.Connect;

namespace WmProxy.ForwardProxy.Http;

/// <summary>Registers what speaks HTTP to clients of forward proxies.</summary>
internal static class ForwardHttpServiceCollectionExtensions
{
    public static IServiceCollection AddWmProxyForwardHttp(this IServiceCollection services)
    {
        services.AddSingleton(_ => new UpstreamConnections());
        services.AddSingleton<UpstreamPool>();
        services.AddSingleton<UpstreamDialer>();
        services.AddSingleton<ViaField>();
        services.AddSingleton<ForwardHeadWriter>();
        services.AddSingleton<ExchangeRelay>();
        services.AddSingleton<RequestForwarder>();
        services.AddSingleton<ForwardRequestAuthenticator>();
        services.AddSingleton<ForwardRequestRecorder>();
        services.AddSingleton<ForwardRequestHandler>();
        services.AddSingleton<ConnectHandler>();
        services.AddSingleton<ForwardHttpHandler>();
        AddProtocol(services, ForwardProtocol.Http);
        AddProtocol(services, ForwardProtocol.Connect);
        return services;
    }

    private static void AddProtocol(IServiceCollection services, ForwardProtocol protocol) => services.AddSingleton<IForwardProtocolHandler>(
        provider => new HttpProtocolHandler(protocol, provider.GetRequiredService<ForwardHttpHandler>()));
}
