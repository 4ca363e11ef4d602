using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Threading;
using WmProxy.Configuration;
using WmProxy.Connections.Tls;
using WmProxy.Connectors;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Clusters;

/// <summary>
/// How each destination is spoken to in TLS, worked out once in the life of its model. The files are loaded once for all that name them, and watched
/// as long as a cluster of YARP's configuration does.
/// </summary>
internal sealed class TlsClients : IConfigChangeListener
{
    private readonly TlsCertificateWatcher _watcher;
    private readonly string _baseDirectory;
    private readonly Lock _lock = new();
    private readonly Dictionary<TlsClientSettings, TlsClientFiles> _files = [];
    private readonly ConditionalWeakTable<ClusterModel, ConditionalWeakTable<DestinationModel, TlsClientOptions>> _options = [];

    public TlsClients(TlsCertificateWatcher watcher, string baseDirectory) => (_watcher, _baseDirectory) = (watcher, baseDirectory);

    /// <summary>The options for a destination of a cluster.</summary>
    public TlsClientOptions Get(ClusterModel cluster, DestinationModel destination) =>
        cluster.Config.HttpClient is null && cluster.Config.Metadata is null && destination.Config.Metadata is null
            ? TlsClientOptions.Default
            : _options.GetValue(cluster, static _ => []).GetValue(destination, destination => Create(cluster.Config, destination.Config));

    /// <inheritdoc/>
    public void ConfigurationLoaded(IReadOnlyList<IProxyConfig> proxyConfigs)
    {
        // Before the first connection needs them.
        foreach (var settings in SettingsOf(proxyConfigs))
        {
            Load(settings);
        }
    }

    /// <inheritdoc/>
    public void ConfigurationApplied(IReadOnlyList<IProxyConfig> proxyConfigs)
    {
        var used = SettingsOf(proxyConfigs).ToHashSet();
        lock (_lock)
        {
            foreach (var (settings, files) in _files.Where(item => !used.Contains(item.Key)).ToList())
            {
                _files.Remove(settings);
                _watcher.Remove(files);
            }
        }
    }

    /// <inheritdoc/>
    public void ConfigurationLoadingFailed(IProxyConfigProvider configProvider, Exception exception)
    {
    }

    /// <inheritdoc/>
    public void ConfigurationApplyingFailed(IReadOnlyList<IProxyConfig> proxyConfigs, Exception exception)
    {
    }

    private static IEnumerable<TlsClientSettings> SettingsOf(IReadOnlyList<IProxyConfig> configs) => configs
        .SelectMany(config => config.Clusters)
        .SelectMany(cluster => (cluster.Destinations ?? new Dictionary<string, DestinationConfig>())
            .Select(destination => TlsClientMetadata.ReadSettings(cluster, destination.Key, destination.Value)))
        .OfType<TlsClientSettings>();

    private TlsClientOptions Create(ClusterConfig cluster, DestinationConfig destination)
    {
        var id = cluster.Destinations?.FirstOrDefault(item => item.Value == destination).Key ?? "";
        var http = cluster.HttpClient;
        var options = new TlsClientOptions
        {
            AcceptAnyServerCertificate = http?.DangerousAcceptAnyServerCertificate ?? false,
            Protocols = http?.SslProtocols ?? SslProtocols.None,
            Fingerprints = TlsClientMetadata.ReadFingerprints(cluster, destination),
            Files = TlsClientMetadata.ReadSettings(cluster, id, destination) is { } settings ? Load(settings) : null,
        };
        return options.Equals(TlsClientOptions.Default) ? TlsClientOptions.Default : options;
    }

    private TlsClientFiles Load(TlsClientSettings settings)
    {
        lock (_lock)
        {
            if (!_files.TryGetValue(settings, out var files))
            {
                files = new TlsClientFiles(settings, _baseDirectory);

                // The validator has said what is wrong with them; what is gone since then the watcher waits for.
                files.Reload(new List<ConfigError>());
                _files.Add(settings, files);
                _watcher.Add(files);
            }

            return files;
        }
    }
}
