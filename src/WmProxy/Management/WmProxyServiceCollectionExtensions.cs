using System;
using System.Linq;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using WmProxy.Clusters;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Connections.Tls;
using WmProxy.Connectors;
using WmProxy.Diagnostics;
using WmProxy.ForwardProxy;
using WmProxy.Listeners;
using WmProxy.Management;
using WmProxy.Relay;
using WmProxy.Relay.Linux;
using WmProxy.Routes;
using WmProxy.Socks;
using WmProxy.Streams;
using WmProxy.Udp;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Configuration;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds WmProxy to an application.</summary>
public static class WmProxyServiceCollectionExtensions
{
    /// <summary>
    /// Adds WmProxy, configured by the <c>WmProxy</c> section of <paramref name="configuration"/>. <c>app.MapWmProxy()</c> completes it.
    /// <para>
    /// Streams go to the clusters of YARP. An application with <c>AddReverseProxy()</c> and configuration of its own, before or after this
    /// call, keeps them, and streams use its clusters; otherwise YARP is added and fed from the <c>ReverseProxy</c> section. The
    /// application's server, its <c>urls</c> and its own endpoints are left alone. Calling this again changes nothing.
    /// </para>
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configuration">The application's whole configuration, from its root.</param>
    /// <returns>A builder to add more with.</returns>
    public static IWmProxyBuilder AddWmProxy(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        if (services.Any(descriptor => descriptor.ServiceType == typeof(ConfigManager)))
        {
            return new WmProxyBuilder(services);
        }

        if (!services.Any(descriptor => descriptor.ServiceType == typeof(IProxyStateLookup)))
        {
            services.AddReverseProxy();
        }

        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddOptions<WmProxyOptions>();
        services.AddSingleton<IOptionsChangeTokenSource<WmProxyOptions>>(new ConfigurationChangeTokenSource<WmProxyOptions>(configuration));

        services.AddSingleton<YarpConfigProvider>();
        services.AddSingleton<YarpWakeUp>();
        services.AddSingleton<IProxyConfigProvider>(provider => provider.GetRequiredService<YarpConfigProvider>());
        services.AddSingleton<IProxyConfigProvider>(provider => provider.GetRequiredService<YarpWakeUp>());
        services.AddSingleton<YarpApplyListener>();
        services.AddSingleton<IConfigChangeListener>(provider => provider.GetRequiredService<YarpApplyListener>());
        services.AddSingleton<YarpConfigReader>();
        services.AddSingleton<ConfigLoader>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<ConfigManager>(provider, configuration));
        services.AddSingleton<IConfigChecker>(provider => provider.GetRequiredService<ConfigManager>());
        services.AddSingleton<IConfigReloader>(provider => provider.GetRequiredService<ConfigManager>());
        services.AddSingleton<WmProxyMapping>();
        services.AddSingleton<ReloadTrigger>();
        services.AddHostedService<WmProxyService>();

        services.AddSingleton<ConnectionTable>();
        services.AddSingleton<ConnectionRecorder>();
        services.AddSingleton<ListenerContext>();
        services.AddSingleton<LinuxEngine>();
        services.AddSingleton<IListenerOpener, StreamListenerOpener>();
        services.AddSingleton<IListenerOpener, UdpListenerOpener>();
        services.AddSingleton<UdpSessions>();
        services.AddSingleton<UdpMetrics>();
        services.AddSingleton<ListenerHost>();
        services.AddSingleton<IListenerLookup>(provider => provider.GetRequiredService<ListenerHost>());
        services.AddSingleton<IRelayEngine, LinuxRelayEngine>();
        services.AddSingleton<StreamConnectionHandler>();
        services.AddSingleton<StreamEndpointHandler>();
        services.AddSingleton<StreamCompiler>();
        services.AddSingleton<TlsCertificateWatcher>();
        services.AddWmProxyConnectors();
        services.AddWmProxyClusters();
        services.AddWmProxyRoutes();
        services.AddWmProxyForwardProxies();
        services.AddWmProxySocks();
        return new WmProxyBuilder(services);
    }
}
