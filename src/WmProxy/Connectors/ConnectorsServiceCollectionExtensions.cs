using System;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace WmProxy.Connectors;

/// <summary>Registers what dials destinations.</summary>
internal static class ConnectorsServiceCollectionExtensions
{
    /// <summary>Adds the connectors, and the table of all connectors.</summary>
    public static IServiceCollection AddWmProxyConnectors(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new AddressResolver(provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<TcpConnector>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IConnector, TcpConnector>(provider => provider.GetRequiredService<TcpConnector>()));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IConnector, UnixConnector>());
        services.TryAddSingleton(provider => new TlsConnector(provider.GetRequiredService<TcpConnector>()));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IConnector, TlsConnector>(provider => provider.GetRequiredService<TlsConnector>()));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IConnector, Socks5Connector>(
            provider => new Socks5Connector(provider.GetRequiredService<TcpConnector>(), provider.GetRequiredService<TlsConnector>())));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IConnector, HttpConnectConnector>(
            provider => new HttpConnectConnector(provider.GetRequiredService<TcpConnector>(), provider.GetRequiredService<TlsConnector>())));
        services.TryAddSingleton<ConnectorTable>();
        return services;
    }
}
