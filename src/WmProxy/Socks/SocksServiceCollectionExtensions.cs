using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using WmProxy.Socks.UdpAssociate;

namespace WmProxy.Socks;

internal static class SocksServiceCollectionExtensions
{
    /// <summary>Adds the handlers of SOCKS 4 and 5.</summary>
    public static IServiceCollection AddSocks(this IServiceCollection services)
    {
        services.TryAddSingleton<IUdpParentDialer, UdpParentDialer>();
        services.TryAddSingleton<UdpAssociateContext>();
        services.TryAddSingleton<UdpAssociateCommand>();
        services.TryAddSingleton<SocksConnect>();
        services.TryAddSingleton<SocksBind>();
        services.TryAddSingleton<SocksCommands>();
        services.TryAddSingleton<Socks4Handler>();
        services.TryAddSingleton<Socks5Handler>();
        return services;
    }
}
