using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using WmProxy.ForwardProxy;
using WmProxy.Socks.UdpAssociate;
using WmProxy.Udp;

namespace WmProxy.Socks;

internal static class SocksServiceCollectionExtensions
{
    /// <summary>Adds the handlers of SOCKS 4 and 5.</summary>
    public static IServiceCollection AddWmProxySocks(this IServiceCollection services)
    {
        services.TryAddSingleton<UdpMetrics>();
        services.TryAddSingleton<IUdpParentDialer, UdpParentDialer>();
        services.TryAddSingleton<UdpAssociateContext>();
        services.TryAddSingleton<UdpAssociateCommand>();
        services.TryAddSingleton<ForwardTunnel>();
        services.TryAddSingleton<SocksBind>();
        services.TryAddSingleton<SocksCommands>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IForwardProtocolHandler, Socks4Handler>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IForwardProtocolHandler, Socks5Handler>());
        return services;
    }
}
